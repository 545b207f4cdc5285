"""Articles, and rows that were set aside, as Parquet files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.quarantine import QuarantinedRow

QUARANTINE = "quarantine.parquet"

_UTC = pa.timestamp("us", tz="UTC")
_ARTICLES = pa.schema(
    [(name, _UTC if name == "published_at" else pa.string()) for name in (*LabelledArticle.model_fields, "story")]
)
_STORIES = pa.schema([("story", pa.string()), ("category", pa.string())])
_QUARANTINE = pa.schema(
    [("row", pa.int64()), ("reasons", pa.list_(pa.string()))]
    + [(name, pa.string()) for name in ("id", "title", "text", "category")]
)


def write_articles(file: Path, stories: Iterable[tuple[str, LabelledArticle]]) -> None:
    """Write pairs of story key and article."""
    rows = [article.model_dump() | {"story": story} for story, article in stories]
    pq.write_table(pa.Table.from_pylist(rows, schema=_ARTICLES), file, compression="zstd")


def read_articles(file: Path) -> list[LabelledArticle]:
    """The articles of a file, whole."""
    rows = pq.read_table(file, columns=list(LabelledArticle.model_fields)).to_pylist()
    return [LabelledArticle.model_validate(row) for row in rows]


def read_columns(file: Path, *names: str) -> list[list[Any]]:
    """Some columns of a file of articles or stories, `story` among them where it is asked for."""
    table = pq.read_table(file, columns=list(names))
    return [table.column(name).to_pylist() for name in names]


def write_stories(file: Path, stories: Iterable[tuple[str, str]]) -> None:
    """Write pairs of story key and category."""
    rows = [{"story": story, "category": category} for story, category in stories]
    pq.write_table(pa.Table.from_pylist(rows, schema=_STORIES), file, compression="zstd")


def read_stories(file: Path) -> dict[str, str]:
    """Story key → category."""
    keys, categories = read_columns(file, "story", "category")
    return dict(zip(keys, categories, strict=True))


def write_quarantine(file: Path, quarantined: Iterable[QuarantinedRow]) -> None:
    """Write rows that were set aside."""
    rows = [vars(row) for row in quarantined]
    pq.write_table(pa.Table.from_pylist(rows, schema=_QUARANTINE), file, compression="zstd")


def read_quarantine(file: Path) -> list[QuarantinedRow]:
    """Rows that were set aside, with their reasons."""
    return [QuarantinedRow(**(row | {"reasons": tuple(row["reasons"])})) for row in pq.read_table(file).to_pylist()]
