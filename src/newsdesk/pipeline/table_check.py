"""Read a table of articles and check every row."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from newsdesk.articles.category_rules import NO_RULES, CategoryChanges, CategoryRules
from newsdesk.articles.cells import plain_value
from newsdesk.articles.column_mapping import BY_NAME, ColumnNames, find_columns, map_columns, require_category
from newsdesk.articles.date_column import read_dates
from newsdesk.articles.date_parsing import DateOrder
from newsdesk.articles.labels import LabelFile, join_labels, read_labels, require_id
from newsdesk.articles.markup import has_markup
from newsdesk.articles.quarantine import EXCLUDED, AcceptedRow, QuarantinedRow, check_rows
from newsdesk.articles.readers import RawTable, read_table
from newsdesk.articles.table_report import TableReport
from newsdesk.config.model_config import TextCleaning
from newsdesk.pipeline.progress import Progress, track
from newsdesk.printable import printable
from newsdesk.sample import read_sample


@dataclass(frozen=True)
class ArticleSource:
    """Where articles come from; without `data`, the sample that ships with the package. `date_order`: that of day,
    month and year in dates of numbers; None as the rows tell. `sheet`: of a workbook; None for the one that holds
    articles."""

    data: Path | None = None
    labels: Path | None = None
    columns: ColumnNames = BY_NAME
    encoding: str = "utf-8"
    date_order: DateOrder | None = None
    sheet: str | None = None

    def __str__(self) -> str:
        return str(self.data) if self.data else "the sample corpus"


@dataclass(frozen=True)
class CheckedTable:
    """The rows of `source`, checked one by one. `table_report` says how a table was read, if one was. `categories`:
    what the rules for categories changed here, if anything."""

    source: str
    accepted: list[AcceptedRow]
    quarantined: list[QuarantinedRow]
    rows: int
    table_report: TableReport | None = None
    categories: CategoryChanges | None = None


def check_table(
    source: ArticleSource, cleaning: TextCleaning, progress: Progress, rules: CategoryRules = NO_RULES
) -> CheckedTable:
    """Read, and quarantine what cannot be used; categories become what `rules` make of them. Raises `DataError`,
    `UsageError`."""
    progress.step(f"Reading {source}")
    table, columns, label_file = _open(source)
    rows = list(table.rows)  # in which order dates are written, and which ids there are, only all of them tell
    dates = labels = label_join = None
    if "published_at" in columns:
        rows, dates = read_dates(rows, columns["published_at"], source.date_order)
    if label_file:
        ids = (plain_value(row.values.get(columns["id"])) for row in rows)
        labels, label_join = join_labels(label_file, [str(key) for key in ids if key is not None])
    accepted: list[AcceptedRow] = []
    quarantined: list[QuarantinedRow] = []
    min_length = cleaning.min_text_length
    for item in check_rows(track(rows, progress), columns, labels=labels, min_text_length=min_length, rules=rules):
        (accepted if isinstance(item, AcceptedRow) else quarantined).append(item)  # type: ignore[arg-type]
    table_report = TableReport(
        columns=map_columns(table.columns, columns, source.columns),
        dates=dates,
        labels=label_join,
        notes=table.notes,
        unusable=Counter(field for item in accepted for field in item.unused),
        with_markup=sum(has_markup(f"{item.article.title or ''}\n{item.article.text}") for item in accepted),
    )
    categories = [item.original_category or item.article.category for item in accepted]
    categories += [item.category for item in quarantined if EXCLUDED in item.reasons]
    return CheckedTable(
        printable(str(source)), accepted, quarantined, len(rows), table_report, rules.changes(categories)
    )


def _open(source: ArticleSource) -> tuple[RawTable, dict[str, str], LabelFile | None]:
    if source.data is None:
        table = read_sample()
        return table, {name: name for name in table.columns}, None
    table = read_table(source.data, source.encoding, source.sheet)
    labels = read_labels(source.labels, source.encoding, source.columns.category) if source.labels else None
    names = source.columns if labels is None else ColumnNames(source.columns.text, source.columns.title)
    columns = find_columns(table.columns, names, source.data)
    if labels is None:
        require_category(columns, table.columns, source.data)
    else:
        columns.pop("category", None)  # the labels decide alone
        require_id(columns, source.data)
    return table, columns, labels
