"""Map a table's columns to fields, by known names or as the user says."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from newsdesk.errors import UsageError

# The names by which each field is known, best first: those that news services, data sets and libraries use.
_NAMES = {
    "id": "id article_id doc_id document_id news_id story_id item_id uuid guid uri",
    "title": """
        title headline headline_main main_headline article_title news_title web_title article_headline news_headline
        headline_text heading""",
    "text": """
        text content full_text article_text body_text article_body main_text news_text content_text article_content
        news_content content_encoded body article news_article story news document lead_paragraph lead description
        short_description article_description summary abstract standfirst trail_text snippet excerpt""",
    "category": """
        category category_name label_text label_name class_name label class topic section section_name article_section
        desk news_desk target_name target tag subject category_level_1 categories labels topics tags class_index
        class_id label_id category_id topic_id news_category article_category main_category primary_category""",
    "published_at": """
        published_at published publication_date date_published published_date publish_date date_publish published_time
        publish_time pub_date web_publication_date date datetime timestamp seen_date published_utc
        created_at""",
    "source": """
        source source_name publisher publication agency news_source site_name source_domain source_common_name domain
        hostname""",
    "url": "url link web_url article_url news_url permalink document_identifier",
    "language": "language lang in_language meta_lang language_code lang_code",
}
KNOWN_NAMES: dict[str, tuple[str, ...]] = {field: tuple(names.split()) for field, names in _NAMES.items()}
_MAX_NAMES = 8  # in a message


@dataclass(frozen=True)
class ColumnNames:
    """What the user said about columns; None means: find it by name."""

    text: str | None = None
    title: str | None = None
    category: str | None = None


BY_NAME = ColumnNames()


class ColumnMapping(BaseModel):
    """Which column became what. `fields`: field → column. `alternatives`: field → the columns that are known for it,
    too, but were not taken, where the user named none. `unused`: every column that was not taken, these among them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[str, str]
    alternatives: dict[str, list[str]] = {}
    unused: list[str] = []


def map_columns(available: list[str], fields: dict[str, str], requested: ColumnNames = BY_NAME) -> ColumnMapping:
    """What became of the columns that are `available`, `fields` having been taken."""
    unused = [name for name in available if name not in fields.values()]
    chosen = {field for field, name in vars(requested).items() if name is not None}
    known = {field: {_normalise(name) for name in KNOWN_NAMES[field]} for field in fields if field not in chosen}
    if "text" in known and "title" not in fields:
        known["text"] |= {_normalise(name) for name in KNOWN_NAMES["title"]}  # a headline became the text
    others = {field: [name for name in unused if _normalise(name) in names] for field, names in known.items()}
    return ColumnMapping(
        fields=fields, alternatives={field: names for field, names in others.items() if names}, unused=unused
    )


def match_columns(available: list[str], requested: ColumnNames, path: Path) -> dict[str, str]:
    """Field → column, for the fields that are there. Raises `UsageError` where a column that was named is not."""
    by_plain_name = {_normalise(name): name for name in reversed(available)}
    columns: dict[str, str] = {}
    for field, names in KNOWN_NAMES.items():
        match = next((by_plain_name[_normalise(name)] for name in names if _normalise(name) in by_plain_name), None)
        if match is not None:
            columns[field] = match
    for field, column in (("text", requested.text), ("title", requested.title), ("category", requested.category)):
        if column is None:
            continue
        if column not in available:
            raise UsageError(f"{path} has no column '{column}'. Its columns: {', '.join(available)}.")
        columns = {other: name for other, name in columns.items() if name != column} | {field: column}
    return columns


def find_columns(available: list[str], requested: ColumnNames, path: Path) -> dict[str, str]:
    """Field → column of a table of articles. Raises `UsageError` where no column holds the text."""
    columns = match_columns(available, requested, path)
    if "text" not in columns and "title" in columns:
        columns["text"] = columns.pop("title")  # headlines alone are texts
    if "text" not in columns:
        raise UsageError(
            f"{path} has no column with the article text (looked for {first_names('text')}). "
            f"Name it with --text-column; its columns: {', '.join(available)}."
        )
    return columns


def require_category(columns: dict[str, str], available: list[str], path: Path) -> None:
    """Raises `UsageError` where no column holds the category."""
    if "category" not in columns:
        raise UsageError(
            f"{path} has no column with the category (looked for {first_names('category')}). "
            f"Name it with --category-column, or give a second file with --labels; its columns: {', '.join(available)}."
        )


def first_names(field: str) -> str:
    names = KNOWN_NAMES[field]
    return ", ".join(names[:_MAX_NAMES]) + f" and {len(names) - _MAX_NAMES} others"


def _normalise(name: str) -> str:
    """The letters and digits of a name in lower case: spellings differ in everything else."""
    return "".join(letter for letter in name.casefold() if letter.isalnum()) or name
