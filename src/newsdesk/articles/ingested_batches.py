"""Ingested batches: one folder per table, with its new articles and its quarantined rows."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from newsdesk import atomic
from newsdesk.articles import parquet_files
from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.quarantine import NOT_BROKEN, QuarantinedRow
from newsdesk.articles.table_report import TableReport
from newsdesk.errors import DataError

FORMAT_VERSION: Literal[1] = 1
MANIFEST = "batch.json"
_ARTICLES = "articles.parquet"
_KNOWN = "known.parquet"  # what the table says again: (story, category) of stories that were known
_RETRACTED = "retracted.parquet"  # the same of the articles that a retracted table brought

Taken = Literal["ingested", "refused", "retracted"]


class Retraction(BaseModel):
    """Who took a table back, when and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    actor: str
    reason: str


class Batch(BaseModel):
    """`batch.json`. `digest` is that of the table's content, and the folder's name; `size` (bytes) and `modified` are
    those of its file. `new` counts stories that were not known, or under another category; `known` those that were.
    `reading` is how the table was read. `retractions` are all that there ever were: one that was retracted may be
    ingested again. Of a retracted table only those articles are left that another one says, too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = FORMAT_VERSION
    digest: str
    source: str
    size: int
    modified: str
    status: Taken
    reason: str = ""
    at: datetime
    rows: int = 0
    new: int = 0
    known: int = 0
    quarantined: dict[str, int] = {}
    reading: TableReport | None = None
    retractions: tuple[Retraction, ...] = ()

    @property
    def broken(self) -> int:
        """How many of the rows are set aside for something wrong with the table, which repeats are not; a row with two
        faults counts twice where the table was refused."""
        faults = sum(count for reason, count in self.quarantined.items() if reason not in NOT_BROKEN)
        return min(faults, self.rows - self.new - self.known) if self.rows else faults


@dataclass(frozen=True)
class IngestedBatches:
    """The batches that were ingested, the oldest first, in the folders of `home`."""

    home: Path
    batches: Sequence[Batch]

    @property
    def ingested(self) -> int:
        """How many tables articles came from."""
        return sum(batch.status == "ingested" for batch in self.batches)

    def stories(self) -> dict[str, str]:
        """Story key → category: what the newest batch says of each."""
        by_story: dict[str, str] = {}
        for file in self._article_files():
            keys, categories = parquet_files.read_columns(file, "story", "category")
            by_story.update(zip(keys, categories, strict=True))
        return by_story

    def articles(self) -> Mapping[str, LabelledArticle]:
        """Story key → article: what the newest batch says of each."""
        by_story: dict[str, LabelledArticle] = {}
        for file in self._article_files():
            (keys,) = parquet_files.read_columns(file, "story")
            by_story.update(zip(keys, parquet_files.read_articles(file), strict=True))
        return by_story

    def _article_files(self) -> Iterable[Path]:
        return (self.home / batch.digest / _ARTICLES for batch in self.batches if batch.status != "refused")

    def known_in(self, batch: Batch) -> dict[str, str] | None:
        """Story key → category of what a table said again; None where an earlier version did not write that down."""
        file = self.home / batch.digest / _KNOWN
        return parquet_files.read_stories(file) if file.is_file() else None

    def retracted_stories(self) -> set[str]:
        """The keys of the stories that only retracted tables brought."""
        files = (self.home / batch.digest / _RETRACTED for batch in self.batches if batch.status == "retracted")
        retracted = {story for file in files for story in parquet_files.read_stories(file)}
        return retracted - self.stories().keys() if retracted else retracted

    def write_retracted(self, batch: Batch, kept: Mapping[str, LabelledArticle]) -> Path:
        """Leave of a table only the stories in `kept`, whole or not at all; the folder of it."""
        folder = self.home / batch.digest
        retracted_file = folder / _RETRACTED
        stories_file = retracted_file if retracted_file.is_file() else folder / _ARTICLES
        stories, quarantined = (
            parquet_files.read_stories(stories_file),
            parquet_files.read_quarantine(folder / parquet_files.QUARANTINE),
        )
        known = self.known_in(batch) or {}
        return write_batch(self.home, batch, kept.items(), quarantined, known.items(), stories.items())


def describe_retraction(batch: Batch) -> str:
    """That a table was retracted, and how to take it anyway."""
    last = batch.retractions[-1]
    return (
        f"{batch.source} was retracted by {last.actor} on {last.at:%Y-%m-%d %H:%M} UTC ({last.reason}), and is not "
        f"taken again by itself. To take it anyway: newsdesk ingest --data {shlex.quote(batch.source)}"
    )


def read_batch(folder: Path) -> Batch:
    """Raises `DataError`."""
    try:
        return Batch.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / MANIFEST} cannot be read. Remove {folder}, and ingest its table again.") from error


def write_batch(
    home: Path,
    batch: Batch,
    stories: Iterable[tuple[str, LabelledArticle]],
    quarantined: Iterable[QuarantinedRow],
    known: Iterable[tuple[str, str]] | None,
    retracted: Iterable[tuple[str, str]] | None = None,
) -> Path:
    """Write a batch into its folder of `home`, whole or not at all, in place of one of that name. `known`: what it says
    again, `retracted`: what it brought, if it was retracted."""
    folder = home / batch.digest
    with atomic.new_folder(folder) as draft:
        parquet_files.write_articles(draft / _ARTICLES, stories)
        parquet_files.write_quarantine(draft / parquet_files.QUARANTINE, quarantined)
        if known is not None:
            parquet_files.write_stories(draft / _KNOWN, known)
        if retracted is not None:
            parquet_files.write_stories(draft / _RETRACTED, retracted)
        excluded = None if batch.retractions else {"retractions"}  # earlier versions know no such
        (draft / MANIFEST).write_text(batch.model_dump_json(indent=2, exclude=excluded) + "\n", encoding="utf-8")
    return folder


def in_order(batches: Iterable[Batch]) -> list[Batch]:
    """The oldest first."""
    return sorted(batches, key=lambda batch: (batch.at, batch.digest))
