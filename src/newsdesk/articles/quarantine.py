"""Check every row; quarantine each one that cannot be used, with its number and reasons."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.category import BlankCategory, InvalidCategory, clean_category
from newsdesk.articles.category_rules import NO_RULES, CategoryRules
from newsdesk.articles.date_parsing import parse_moment
from newsdesk.articles.field_values import field_values
from newsdesk.articles.labels import Label
from newsdesk.articles.readers import RawRow
from newsdesk.articles.story import story_key
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.text.invisible import has_words

# Reason code → what it means and what to do. `<field>` codes come from the schema and exist for every field.
REASONS: dict[str, str] = {
    "wrong_column_count": "the row has more or fewer cells than the header: check its quotation marks and delimiters",
    "invalid_json": "the line is not valid JSON",
    "not_an_object": "the line is JSON, but not an object with named fields",
    "missing_text": "neither text nor title: nothing to learn from",
    "missing_category": "no category: label it, or leave it out",
    "several_categories": "more than one category: keep the one that it belongs to",
    "not_annotated": "the labelling tool has no accepted label for it: rejected, skipped or still to do",
    "text_too_short": "title and text together are shorter than preprocessing.text_cleaning.min_text_length",
    "text_without_words": "there is no letter or digit in it",
    "duplicate_id": "another row before it has the same id",
    "duplicate": "the same story with the same category stands in a row before it",
    "conflicting_category": "the same story stands under different categories: decide on one",
    "<field>_too_long": "longer than the schema allows",
    "<field>_not_text": "a list, an object or a truth value where text belongs",
    "<field>_invalid": "holds a NUL character or a broken Unicode character",
    "excluded_category": "data_pipeline.categories.exclude leaves its category out",
    "small_category": "its category has fewer articles than data_pipeline.min_articles_per_category",
    "category_with_control_character": "the category holds a line break or the like: check its quotation marks",
}
EXCLUDED, SMALL = "excluded_category", "small_category"
NOT_BROKEN = frozenset(
    {"duplicate", "not_annotated", EXCLUDED, SMALL}
)  # set aside, but nothing is wrong with the table

_PROBLEMS = {
    "string_too_long": "too_long",
    "string_type": "not_text",
    "string_unicode": "invalid",
    "string_pattern_mismatch": "invalid",
}


@dataclass(frozen=True)
class AcceptedRow:
    """A row that can be used. `unused`: the optional fields that it has in a kind of value that they cannot hold.
    `original_category`: its category before `data_pipeline.categories` changed it; None where that did not."""

    row: int
    article: LabelledArticle
    unused: tuple[str, ...] = ()
    original_category: str | None = None

    @property
    def original(self) -> LabelledArticle:
        """The article under the category that it came with."""
        return (
            self.article
            if self.original_category is None
            else self.article.model_copy(update={"category": self.original_category})
        )


@dataclass(frozen=True)
class QuarantinedRow:
    """A row that cannot be used, as it was, with the reason codes."""

    row: int
    reasons: tuple[str, ...]
    id: str
    title: str
    text: str
    category: str

    @property
    def is_broken(self) -> bool:
        return not NOT_BROKEN.issuperset(self.reasons)


def check_rows(
    rows: Iterable[RawRow],
    columns: dict[str, str],
    *,
    labels: dict[str, Label] | None,
    min_text_length: int,
    rules: CategoryRules = NO_RULES,
) -> Iterator[AcceptedRow | QuarantinedRow]:
    """Each row, in order, as an article or as set aside.

    `columns` maps field → column. `labels` maps article id → label and, if given, decides alone about the category,
    which `rules` may change.
    """
    first_by_id: dict[str, LabelledArticle] = {}
    for row in rows:
        values, unused = field_values(row.values, columns)
        values["text"] = values.get("text") or values.pop("title", None)
        values["published_at"] = parse_moment(values.get("published_at"))
        has_own_id = values.get("id") is not None
        if not has_own_id:
            values["id"] = _content_id(values)
        if labels is not None:
            label = labels.get(str(values["id"]))
            values["category"] = label.category if label else None
        original = _clean_category(values.get("category"))
        values["category"] = category = _apply_rules(original, rules)
        excluded = None if category or not original else EXCLUDED
        checked = [problem] if (problem := row.problem or excluded) else _check(values, min_text_length)
        if isinstance(checked, LabelledArticle) and has_own_id:
            first = first_by_id.setdefault(checked.id, checked)
            if first is not checked:
                checked = ["duplicate" if _is_repeat(checked, first) else "duplicate_id"]
        if isinstance(checked, LabelledArticle):
            yield AcceptedRow(
                row.number, checked, unused, original if isinstance(original, str) and original != category else None
            )
        else:
            yield _set_aside(row.number, values | {"category": original}, *checked)


def set_aside(accepted: AcceptedRow, reason: str) -> QuarantinedRow:
    """Put an article back among the rows that cannot be used."""
    return _set_aside(accepted.row, accepted.original.model_dump(), reason)


def _set_aside(row: int, values: dict[str, Any], *reasons: str) -> QuarantinedRow:
    cells = {field: _storable(values.get(field)) for field in ("id", "title", "text", "category")}
    return QuarantinedRow(row, tuple(reasons), **cells)


def _check(values: dict[str, Any], min_text_length: int) -> LabelledArticle | list[str]:
    """The article, or the reason codes why there is none."""
    if isinstance(values.get("category"), list):
        return ["several_categories" if values["category"] else "not_annotated"]
    present = {field: value for field, value in values.items() if value is not None}
    try:
        article = LabelledArticle.model_validate(present)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        return [
            f"missing_{m['loc'][0]}" if m["type"] == "missing" else f"{m['loc'][0]}_{_PROBLEMS[m['type']]}"
            for m in mistakes
        ]
    try:
        clean_category(article.category)
    except InvalidCategory:
        return ["category_with_control_character"]
    joined = join_title_and_text(article.title, article.text)
    if len(joined) < min_text_length:
        return ["text_too_short"]
    return article if has_words(joined) else ["text_without_words"]


def _clean_category(value: Any) -> Any:
    """Cleaned where it is a category; None where it is blank; else as it is, to be refused."""
    try:
        return clean_category(value) if isinstance(value, str) else value
    except BlankCategory:
        return None
    except InvalidCategory:
        return value


def _apply_rules(original: Any, rules: CategoryRules) -> Any:
    """A category, or several, after `rules` were applied; None where none is left."""
    if isinstance(original, str):
        return rules.of(original)
    if isinstance(original, list) and original and all(isinstance(name, str) for name in original):
        categories = rules.among(original)
        return categories if len(categories) > 1 else next(iter(categories), None)
    return original


def _is_repeat(article: LabelledArticle, other: LabelledArticle) -> bool:
    return article.category == other.category and story_key(article) == story_key(other)


def _content_id(values: dict[str, Any]) -> str:
    """An id for a row that has none, from what it says."""
    content = f"{values.get('title')}\x00{values.get('text')}"
    return "sha256-" + hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _storable(value: Any) -> str:
    """Text that any file format takes, cut where a broken cell would fill the file."""
    return str(value if value is not None else "")[:10_000].encode("utf-8", "backslashreplace").decode("utf-8")
