"""A second file with the category of each article, joined by id."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from newsdesk.articles.cells import plain_value
from newsdesk.articles.column_mapping import (
    ColumnMapping,
    ColumnNames,
    first_names,
    map_columns,
    match_columns,
    require_category,
)
from newsdesk.articles.field_values import category_value
from newsdesk.articles.layouts.layout import NOT_ANNOTATED
from newsdesk.articles.readers import read_table
from newsdesk.errors import DataError, UsageError

_MAX_ROWS = 4


@dataclass(frozen=True)
class Label:
    """A category, and the row of the file of labels that says it."""

    row: int
    category: str


@dataclass(frozen=True)
class LabelFile:
    """Article id → label, as the file at `path` has them, from the columns that were found."""

    path: Path
    labels: dict[str, Label]
    columns: ColumnMapping


class LabelJoin(BaseModel):
    """How a file of labels met a table. `labels` counts its ids, `joined` the ids of the table that have a label now;
    `respelt` are those among them that differ by spelling, such as `example`: how the table writes one, and how the
    file does. `unclear` counts ids of the table that may be one of several, `without_label` all that have none, and
    `without_article` the labels of no article here, of which `rows` are the first in the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    columns: ColumnMapping
    labels: int
    joined: int
    respelt: int
    example: tuple[str, str] | None
    unclear: int
    without_label: int
    without_article: int
    rows: list[int]

    def sentences(self) -> Iterator[str]:
        """For people."""
        yield f"{self.file}: {self.labels:,} labels, {self.joined:,} of them of articles here."
        if self.example:
            yield (
                f"{self.respelt:,} ids differ by leading zeros, a final '.0', case or blanks alone, and were taken for "
                f"the same: '{self.example[0]}' here is '{self.example[1]}' in {self.file}."
            )
        if self.unclear:
            yield f"{self.unclear:,} ids may be one of several in {self.file}: write them alike in both files."
        if self.without_label:
            yield f"{self.without_label:,} articles have no label in {self.file}."
        if self.without_article:
            more = " …" if self.without_article > len(self.rows) else ""
            yield (
                f"{self.without_article:,} labels in {self.file} are of no article here, and were left "
                f"(rows {', '.join(map(str, self.rows))}{more} of that file)."
            )


def read_labels(path: Path, encoding: str, category_column: str | None) -> LabelFile:
    """Raises `UsageError` where a column is missing, `DataError` where an id has two categories."""
    table = read_table(path, encoding)
    columns = match_columns(table.columns, names := ColumnNames(category=category_column), path)
    require_id(columns, path)
    require_category(columns, table.columns, path)
    columns = {field: columns[field] for field in ("id", "category")}
    labels: dict[str, Label] = {}
    for row in table.rows:
        if row.problem == NOT_ANNOTATED:
            continue
        if row.problem:
            raise DataError(f"{path}, row {row.number}: {row.problem}. Correct that row.")
        key = plain_value(row.values.get(columns["id"]))
        category = category_value(row.values.get(columns["category"]))
        if key is None or category in (None, []):
            continue
        if isinstance(category, list):
            raise DataError(f"{path}, row {row.number}: id '{key}' has {len(category)} categories. Keep one.")
        label = Label(row.number, str(category))
        if labels.setdefault(str(key), label).category != label.category:
            raise DataError(
                f"{path}, row {row.number}: id '{key}' has two categories, '{labels[str(key)].category}' and "
                f"'{category}'. Keep one."
            )
    return LabelFile(path, labels, map_columns(table.columns, columns, names))


def require_id(columns: dict[str, str], path: Path) -> None:
    """Raises `UsageError` where no column holds the id by which labels are joined."""
    if "id" not in columns:
        raise UsageError(
            f"{path} has no column with the article id (looked for {first_names('id')}), by which labels are joined. "
            "Rename the column that has it."
        )


def join_labels(file: LabelFile, ids: Collection[str]) -> tuple[dict[str, Label], LabelJoin]:
    """Id of an article → its label. Ids that other tools have respelt are joined where it is clear which one is meant.
    `ids` are those of the table, which may repeat. Raises `DataError` where no label is of an article.
    """
    ids = dict.fromkeys(ids)
    labels = {key: file.labels[key] for key in ids if key in file.labels}
    used = set(labels)
    respelt: list[tuple[str, str]] = []
    unclear = 0
    id_counts, by_spelling = Counter(map(_normalise_id, ids)), defaultdict(list)
    for key in file.labels:
        by_spelling[_normalise_id(key)].append(key)
    for key in ids:
        normalised = _normalise_id(key)
        if key in labels or normalised not in by_spelling:
            continue
        matches = by_spelling[normalised]
        if id_counts[normalised] > 1 or len({file.labels[match].category for match in matches}) > 1:
            unclear += 1
            used.update(matches)
            continue
        labels[key] = file.labels[matches[0]]
        used.update(matches)
        respelt.append((key, matches[0]))
    if not labels:
        raise _no_match_error(file, ids)
    without_article = [label.row for key, label in file.labels.items() if key not in used]
    return labels, LabelJoin(
        file=file.path.name,
        columns=file.columns,
        labels=len(file.labels),
        joined=len(labels),
        respelt=len(respelt),
        example=respelt[0] if respelt else None,
        unclear=unclear,
        without_label=len(ids) - len(labels),
        without_article=len(without_article),
        rows=sorted(without_article)[:_MAX_ROWS],
    )


def _no_match_error(file: LabelFile, ids: Collection[str]) -> DataError:
    if not file.labels:
        return DataError(f"{file.path}: no row has both an id and a category. Give a label for each article.")
    column = file.columns.fields["id"]
    return DataError(
        f"{file.path}: none of its {len(file.labels):,} ids is that of an article: '{_first(file.labels)}' there, in "
        f"column '{column}', and '{_first(ids)}' in the table. Give the file that belongs to it, with the same ids."
    )


def _first(ids: Collection[str]) -> str:
    return next(iter(ids), "none")[:40]


def _normalise_id(key: str) -> str:
    """An id without the differences that tools introduce: leading zeros, a final `.0`, case and blanks."""
    plain = "".join(unicodedata.normalize("NFKC", key).casefold().split())
    number = re.fullmatch(r"0*(\d+)(?:\.0+)?", plain)
    return number[1] if number else plain
