"""Which column of a table holds what: found by name, or as the user says."""

from dataclasses import dataclass
from pathlib import Path

from newsdesk.errors import UsageError

# The names by which each field is known, best first; compared without regard to case, spaces, dashes and underscores.
KNOWN_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "article_id", "doc_id", "news_id", "uuid", "guid"),
    "title": ("title", "headline"),
    "text": ("text", "content", "body", "article", "story", "description", "summary"),
    "category": ("category", "label", "class", "topic", "section", "desk", "target"),
    "published_at": ("published_at", "published", "publish_date", "pub_date", "date", "datetime", "timestamp"),
    "source": ("source", "publisher", "agency"),
    "url": ("url", "link"),
    "language": ("language", "lang"),
}


@dataclass(frozen=True)
class ColumnNames:
    """What the user said about columns; None means: find it by name."""

    text: str | None = None
    title: str | None = None
    category: str | None = None


def match_columns(available: list[str], said: ColumnNames, path: Path) -> dict[str, str]:
    """Field → column, for the fields that are there. Raises `UsageError` where a column that was named is not."""
    by_plain_name = {_plain(name): name for name in reversed(available)}
    found: dict[str, str] = {}
    for field, names in KNOWN_NAMES.items():
        match = next((by_plain_name[_plain(name)] for name in names if _plain(name) in by_plain_name), None)
        if match is not None:
            found[field] = match
    for field, column in (("text", said.text), ("title", said.title), ("category", said.category)):
        if column is None:
            continue
        if column not in available:
            raise UsageError(f"{path} has no column '{column}'. Its columns: {', '.join(available)}.")
        found = {other: name for other, name in found.items() if name != column} | {field: column}
    return found


def find_columns(available: list[str], said: ColumnNames, path: Path) -> dict[str, str]:
    """Field → column of a table of articles. Raises `UsageError` where no column holds the text."""
    found = match_columns(available, said, path)
    if "text" not in found and "title" in found:
        found["text"] = found.pop("title")  # headlines alone are texts
    if "text" not in found:
        raise UsageError(
            f"{path} has no column with the article text (looked for {', '.join(KNOWN_NAMES['text'])}). "
            f"Name it with --text-column; its columns: {', '.join(available)}."
        )
    return found


def require_category(found: dict[str, str], available: list[str], path: Path) -> None:
    """Raises `UsageError` where no column holds the category."""
    if "category" not in found:
        raise UsageError(
            f"{path} has no column with the category (looked for {', '.join(KNOWN_NAMES['category'])}). "
            f"Name it with --category-column, or give a second file with --labels; its columns: {', '.join(available)}."
        )


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")
