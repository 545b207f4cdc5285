"""The table to retrain on: what the champion learnt from, with what was said since."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Engine

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.duplicates import separate_duplicates
from newsdesk.articles.quarantine import Accepted, Quarantined, check_rows
from newsdesk.articles.readers import RawRow
from newsdesk.articles.reading import TableReading
from newsdesk.articles.story import story_key
from newsdesk.config.model_config import TextCleaning
from newsdesk.monitoring.labels import Labels
from newsdesk.pipeline.prepare import Checked
from newsdesk.store.feedback import known_texts
from newsdesk.store.records import text_digest
from newsdesk.text.cleaning import join_title_and_text

_COLUMNS = {"id": "id", "text": "text", "category": "category"}


class Correction(NamedTuple):
    """What editors say of a text; `text` is None where it is not kept."""

    text_digest: str
    category: str
    text: str | None


@dataclass(frozen=True)
class Corrected:
    """The table, as articles by story, and how it came about.

    `added` and `relabelled` count articles that are new, and old ones with another category. `unknown` counts
    corrections about texts that are not kept; `left_out` those to categories that have too few texts, by category.
    `quarantined` could not be used. `reading` tells how a table that was given was read.
    """

    articles: Mapping[str, LabelledArticle]
    quarantined: list[Quarantined]
    corrections: int
    added: int
    relabelled: int
    unknown: int
    left_out: Mapping[str, int]
    reading: TableReading | None = None

    @property
    def is_new(self) -> bool:
        """Whether there is anything to learn from that was not known before."""
        return self.added + self.relabelled > 0

    def __str__(self) -> str:
        told = [f"{self.corrections:,} usable corrections", f"{self.added:,} articles added"]
        told.append(f"{self.relabelled:,} relabelled")
        if self.unknown:
            told.append(f"{self.unknown:,} about texts that are not kept (STORE_TEXT=true keeps them)")
        if self.left_out:
            named = ", ".join(f"'{category}' {count:,}" for category, count in sorted(self.left_out.items())[:5])
            told.append(f"left out, of categories with too few texts: {named}")
        return "; ".join(told)

    def counts(self) -> dict[str, int]:
        """The figures by name."""
        return {
            "usable": self.corrections,
            "added": self.added,
            "relabelled": self.relabelled,
            "unknown": self.unknown,
            "left_out": sum(self.left_out.values()),
        }

    def checked(self, source: str) -> Checked:
        """The table as rows that were read from `source`."""
        accepted = [Accepted(row, article) for row, article in enumerate(self.articles.values(), start=1)]
        return Checked(source, accepted, self.quarantined, len(accepted) + len(self.quarantined), self.reading)


def corrections_of(labels: Labels, store: Engine) -> list[Correction]:
    """Usable labels with the texts that are kept, the oldest first."""
    texts = dict(known_texts(store))
    in_time = sorted(labels.categories, key=lambda text: (labels.said_at[text], text))
    return [Correction(text, labels.categories[text], texts.get(text)) for text in in_time]


def correct(
    known: Iterable[LabelledArticle],
    given: Checked | None,
    corrections: Sequence[Correction],
    cleaning: TextCleaning,
    min_articles_per_category: int,
) -> Corrected:
    """Put together what is `known`, a table that is `given`, and corrections in the order of time.

    Of a story that is labelled anew the newest label counts. Corrections to a category that would have too few articles
    are left out.
    """
    before = {story_key(article): article for article in known}
    table, quarantined = dict(before), []
    if given is not None:
        stories, repeats = separate_duplicates(given.accepted)
        quarantined += given.quarantined + repeats
        for key, item in stories.items():
            table[key] = _relabelled(table.get(key, item.article), item.article.category)
    found, unusable, unknown = _found(corrections, table, cleaning)
    left_out = _leave_out_small(found, table, min_articles_per_category)
    table |= found
    relabelled = sum(table[key].category != article.category for key, article in before.items())
    return Corrected(
        table,
        quarantined + unusable,
        corrections=len(corrections),
        added=len(table) - len(before),
        relabelled=relabelled,
        unknown=unknown,
        left_out=left_out,
        reading=given.reading if given else None,
    )


def _leave_out_small(
    found: dict[str, LabelledArticle], table: dict[str, LabelledArticle], least: int
) -> dict[str, int]:
    """Take corrections to too small categories back, the smallest first: others may be large enough then."""
    left_out: dict[str, int] = {}
    while True:
        counts = Counter(article.category for article in (table | found).values())
        size, small = min(
            ((counts[article.category], article.category) for article in found.values()), default=(least, "")
        )
        if size >= least:
            return left_out
        outs = [key for key, article in found.items() if article.category == small]
        left_out[small] = len(outs)
        for key in outs:
            del found[key]


def _found(
    corrections: Iterable[Correction], table: Mapping[str, LabelledArticle], cleaning: TextCleaning
) -> tuple[dict[str, LabelledArticle], list[Quarantined], int]:
    """Articles as they were corrected, by story; what cannot be used; of how many the text is not known."""
    by_digest = {digest: key for key, article in table.items() for digest in _digests(article)}
    found: dict[str, LabelledArticle] = {}
    unusable: list[Quarantined] = []
    unknown = 0
    for number, (digest, category, text) in enumerate(corrections, start=1):
        key = by_digest.get(digest)
        if key is None and text is None:
            unknown += 1
            continue
        values = {
            "id": f"feedback-{digest[:16]}",
            "text": text if key is None else table[key].text,
            "category": category,
        }
        row = RawRow(number, values)
        item = next(check_rows([row], _COLUMNS, labels=None, min_text_length=cleaning.min_text_length))
        if isinstance(item, Quarantined):
            unusable.append(item)
            continue
        key = key or story_key(item.article)
        found[key] = _relabelled(table.get(key, item.article), item.article.category)
    return found, unusable, unknown


def _digests(article: LabelledArticle) -> set[str]:
    """By which the log may know it: by its text, or by title and text together."""
    return {text_digest(article.text), text_digest(join_title_and_text(article.title, article.text))}


def _relabelled(article: LabelledArticle, category: str) -> LabelledArticle:
    return article.model_copy(update={"category": category})
