"""What was taken in: one folder a table, with its articles that were new and its rows that were set aside."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from newsdesk import atomic
from newsdesk.articles import tables
from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.quarantine import Quarantined
from newsdesk.articles.reading import TableReading
from newsdesk.errors import DataError

FORMAT_VERSION: Literal[1] = 1
MANIFEST = "batch.json"
_ARTICLES = "articles.parquet"

Taken = Literal["ingested", "refused"]


class Batch(BaseModel):
    """`batch.json`. `digest` is that of the table's content, and the folder's name; `size` (bytes) and `modified` are
    those of its file. `new` counts stories that were not known, or under another category; `known` those that were.
    `reading` is how the table was read.
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
    reading: TableReading | None = None


@dataclass(frozen=True)
class Intake:
    """The batches that were ingested, the oldest first, in the folders of `home`."""

    home: Path
    batches: Sequence[Batch]

    @property
    def ingested(self) -> int:
        """How many tables articles came from."""
        return sum(batch.status == "ingested" for batch in self.batches)

    def stories(self) -> dict[str, str]:
        """Story key → category: what the newest batch says of each."""
        found: dict[str, str] = {}
        for file in self._files():
            keys, categories = tables.read_columns(file, "story", "category")
            found.update(zip(keys, categories, strict=True))
        return found

    def articles(self) -> Mapping[str, LabelledArticle]:
        """Story key → article: what the newest batch says of each."""
        found: dict[str, LabelledArticle] = {}
        for file in self._files():
            (keys,) = tables.read_columns(file, "story")
            found.update(zip(keys, tables.read_articles(file), strict=True))
        return found

    def _files(self) -> Iterable[Path]:
        return (self.home / batch.digest / _ARTICLES for batch in self.batches if batch.status == "ingested")


def read_batch(folder: Path) -> Batch:
    """Raises `DataError`."""
    try:
        return Batch.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / MANIFEST} cannot be read. Remove {folder}, and ingest its table again.") from error


def write_batch(
    home: Path, batch: Batch, stories: Iterable[tuple[str, LabelledArticle]], aside: Iterable[Quarantined]
) -> Path:
    """Write a batch into its folder of `home`, whole or not at all; a refused one of that name is replaced."""
    folder = home / batch.digest
    with atomic.new_folder(folder) as draft:
        tables.write_articles(draft / _ARTICLES, stories)
        tables.write_quarantine(draft / tables.QUARANTINE, aside)
        (draft / MANIFEST).write_text(batch.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return folder


def in_order(batches: Iterable[Batch]) -> list[Batch]:
    """The oldest first."""
    return sorted(batches, key=lambda batch: (batch.at, batch.digest))
