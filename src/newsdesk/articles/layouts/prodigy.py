"""Prodigy's answers, and the `cats` of spaCy."""

from collections.abc import Mapping, Sequence
from typing import Any

from newsdesk.articles.layouts.layout import (
    NOT_ANNOTATED,
    Flat,
    Layout,
    Record,
    agreed_label,
    column_names,
    items,
    members,
)

_ANSWERS = ("accept", "reject", "ignore")
_TOOL_COLUMNS = {
    "answer",
    "accept",
    "options",
    "label",
    "cats",
    "meta",
    "tokens",
    "spans",
    "config",
    "html",
    "score",
    "priority",
}
_MIN_SCORE = 0.5


def answers(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """A row an answer: `accept`, and what was accepted."""
    if "answer" not in columns or not {"label", "accept", "cats", "options"} & set(columns):
        return None
    if not all(record.get("answer") in _ANSWERS for record in records):
        return None

    def flatten(record: Record) -> Flat:
        accepted = record.get("answer") == "accept"
        return _to_row(record, _accepted_label(record) if accepted else None)

    names = column_names(flatten(record)[0] for record in records)
    return Layout(names, flatten, "Prodigy's answers: the category is what was accepted.")


def cats(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """`{"text": …, "cats": {"sport": 1.0, "world": 0.0}}`."""
    if "cats" not in columns or not all(isinstance(record.get("cats"), Mapping) for record in records):
        return None

    def flatten(record: Record) -> Flat:
        return _to_row(record, _certain_label(record))

    names = column_names(flatten(record)[0] for record in records)
    return Layout(names, flatten, "spaCy's cats: the category is the one that is certain.")


def _to_row(record: Record, category: Any) -> Flat:
    kept = {name: value for name, value in record.items() if name not in _TOOL_COLUMNS and not name.startswith("_")}
    values = members(record, "meta") | kept | {"category": category}
    return values, None if category is not None else NOT_ANNOTATED


def _accepted_label(record: Record) -> Any:
    if isinstance(record.get("accept"), list):
        texts = {
            option.get("id"): option.get("text") for option in items(record, "options") if isinstance(option, Mapping)
        }
        chosen = items(record, "accept")  # a number says nothing without its text
        return agreed_label(texts.get(option) or option if isinstance(option, int) else option for option in chosen)
    return record.get("label") or _certain_label(record)


def _certain_label(record: Record) -> Any:
    scores = members(record, "cats")
    return agreed_label(
        name for name, score in scores.items() if isinstance(score, int | float) and score >= _MIN_SCORE
    )
