"""A second file with the category of each article, joined by id."""

from dataclasses import dataclass
from pathlib import Path

from newsdesk.articles.cells import plain_value
from newsdesk.articles.columns import KNOWN_NAMES, ColumnNames, match_columns, require_category
from newsdesk.articles.readers import read_table
from newsdesk.errors import DataError, UsageError


@dataclass(frozen=True)
class Label:
    """A category, and the row of the file of labels that says it."""

    row: int
    category: str


def read_labels(path: Path, encoding: str, category_column: str | None) -> dict[str, Label]:
    """Article id → label. Raises `UsageError` where a column is missing, `DataError` where an id has two categories."""
    table = read_table(path, encoding)
    columns = match_columns(table.columns, ColumnNames(category=category_column), path)
    if "id" not in columns:
        raise UsageError(
            f"{path} has no column with the article id (looked for {', '.join(KNOWN_NAMES['id'])}). Rename it so."
        )
    require_category(columns, table.columns, path)
    labels: dict[str, Label] = {}
    for row in table.rows:
        if row.problem:
            raise DataError(f"{path}, row {row.number}: {row.problem}. Correct that row.")
        key, category = (plain_value(row.values.get(columns[field])) for field in ("id", "category"))
        if key is None or category is None:
            continue
        label = Label(row.number, str(category))
        if labels.setdefault(str(key), label).category != label.category:
            raise DataError(
                f"{path}, row {row.number}: id '{key}' has two categories, '{labels[str(key)].category}' and "
                f"'{category}'. Keep one."
            )
    return labels
