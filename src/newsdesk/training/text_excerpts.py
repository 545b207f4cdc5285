"""Excerpts as users send them: whole articles, headlines, first sentences and a few words."""

import re
from itertools import chain

import numpy as np

from newsdesk.articles.dataset import Examples

_HEADLINE_WORDS = 8  # where a text has no title
_LONGEST_TITLE = 20  # words
_FEW_WORDS = 3
_SENTENCE = re.compile(r".+?[.!?](?=\s|$)", re.DOTALL)


def with_excerpts(examples: Examples, seed: int) -> Examples:
    """Each text whole, its headline, its first sentence, and three words that follow each other anywhere in it."""
    texts, rng = examples.texts, np.random.default_rng(seed)
    excerpts = [map(headline, texts), map(first_sentence, texts), (_few_words(text, rng) for text in texts)]
    return Examples([*texts, *chain(*excerpts)], examples.categories * (1 + len(excerpts)))


def headline(text: str) -> str:
    """The title, or the first words of a text without one."""
    title, _, rest = text.partition("\n\n")
    words = title.split()
    return title if rest and len(words) <= _LONGEST_TITLE else " ".join(words[:_HEADLINE_WORDS])


def first_sentence(text: str) -> str:
    """The first sentence after the title."""
    title, _, rest = text.partition("\n\n")
    body = rest if rest and len(title.split()) <= _LONGEST_TITLE else text
    match = _SENTENCE.match(body)
    return match[0] if match else body


def _few_words(text: str, rng: np.random.Generator) -> str:
    words = text.split()
    start = int(rng.integers(max(1, len(words) - _FEW_WORDS + 1)))
    return " ".join(words[start : start + _FEW_WORDS])
