"""The key that identifies a story."""

import hashlib

from newsdesk.articles.article import Article
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.text.invisible import strip_invisible
from newsdesk.text.tokens import normalise, words

_ENOUGH_WORDS = 8


def story_key(article: Article) -> str:
    """Equal for articles that tell the same words in the same order, whatever their case, spacing and punctuation.

    Wire copy is republished under new headlines, so the text alone decides, without the headline it may open with; only
    a text of very few words, which two stories may well share, is taken together with its title.
    """
    tokens = _normalised_words(strip_invisible(article.text).removeprefix(strip_invisible(article.title)))
    if len(tokens) < _ENOUGH_WORDS:
        tokens = _normalised_words(join_title_and_text(article.title, article.text))
    return hashlib.sha256(" ".join(tokens).encode("utf-8")).hexdigest()


def _normalised_words(text: str) -> list[str]:
    return words(normalise(text, lowercase=True))
