"""Recognise the same story told twice."""

import hashlib
from collections import defaultdict

from newsdesk.articles.article import Article
from newsdesk.articles.quarantine import Accepted, Quarantined, set_aside
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.text.tokens import normalise, words

_ENOUGH_WORDS = 8


def story_key(article: Article) -> str:
    """Equal for articles that tell the same words in the same order, whatever their case, spacing and punctuation.

    Wire copy is republished under new headlines, so the text alone decides; only a text of very few words, which two
    stories may well share, is taken together with its title.
    """
    told = _words(article.text)
    if len(told) < _ENOUGH_WORDS:
        told = _words(join_title_and_text(article.title, article.text))
    return hashlib.sha256(" ".join(told).encode("utf-8")).hexdigest()


def _words(text: str) -> list[str]:
    return words(normalise(text, lowercase=True))


def separate_duplicates(accepted: list[Accepted]) -> tuple[dict[str, Accepted], list[Quarantined]]:
    """Story key → its one article, and the rows to set aside.

    Of a story that is repeated under one category the first row stays. A story under several categories is set aside
    whole: which one is right is for an editor to say.
    """
    stories: defaultdict[str, list[Accepted]] = defaultdict(list)
    for item in accepted:
        stories[story_key(item.article)].append(item)
    kept: dict[str, Accepted] = {}
    aside: list[Quarantined] = []
    for key, (first, *repeats) in stories.items():
        if len({item.article.category for item in (first, *repeats)}) > 1:
            aside += [set_aside(item, "conflicting_category") for item in (first, *repeats)]
        else:
            kept[key] = first
            aside += [set_aside(item, "duplicate") for item in repeats]
    return kept, aside
