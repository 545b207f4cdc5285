"""Argilla's exports: records as JSON, the same flattened as a dataset, and those of Argilla 1."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from newsdesk.articles.layouts.layout import (
    Flat,
    Layout,
    Record,
    agreed_label,
    category_question,
    column_names,
    items,
    labelled_row,
    members,
)

_RESPONSES, _SUGGESTION = ".responses", ".suggestion"
_DISCARDED = ("discarded", "draft", "pending")

Answers = Callable[[Record], dict[str, Any]]


def records_as_json(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """`{"fields": …, "metadata": …, "suggestions": …, "responses": …}`."""
    if not {"fields", "responses", "suggestions"}.issubset(columns):
        return None

    def plain(record: Record) -> dict[str, Any]:
        return {"id": record.get("id")} | members(record, "metadata") | members(record, "fields")

    def responses(record: Record) -> dict[str, Any]:
        return {name: _agreed_value(answers) for name, answers in members(record, "responses").items()}

    def suggestions(record: Record) -> dict[str, Any]:
        return {
            name: members({"": suggestion}, "").get("value")
            for name, suggestion in members(record, "suggestions").items()
        }

    return _layout(records, plain, responses, suggestions)


def records_flattened(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """`label.responses`, `label.suggestion`: what `to_datasets` and `to_list(flatten=True)` give."""
    questions = dict.fromkeys(
        name.removesuffix(end) for name in columns for end in (_RESPONSES, _SUGGESTION) if name.endswith(end)
    )
    if not questions:
        return None
    answer_columns = {
        name for name in columns if any(name.startswith((q + _RESPONSES, q + _SUGGESTION)) for q in questions)
    }

    def plain(record: Record) -> dict[str, Any]:
        return {
            name: value
            for name, value in record.items()
            if name not in answer_columns and name not in ("status", "_server_id")
        }

    def responses(record: Record) -> dict[str, Any]:
        return {name: _agreed_value(_responses(record, name + _RESPONSES)) for name in questions}

    def suggestions(record: Record) -> dict[str, Any]:
        return {name: record.get(name + _SUGGESTION) for name in questions}

    return _layout(records, plain, responses, suggestions)


def first_version(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """`prediction` and `annotation`, of Argilla 1 and Rubrix."""
    if not {"prediction", "annotation"}.issubset(columns) or not {"inputs", "annotation_agent"} & set(columns):
        return None

    def plain(record: Record) -> dict[str, Any]:
        text = {} if record.get("text") is None else {"text": record["text"]}
        return {"id": record.get("id")} | members(record, "metadata") | members(record, "inputs") | text

    def annotation(record: Record) -> dict[str, Any]:
        return {"category": agreed_label([record.get("annotation")])}

    def prediction(record: Record) -> dict[str, Any]:
        scored = [item for item in items(record, "prediction") if isinstance(item, Mapping)]
        best = max(scored, key=lambda item: item.get("score") or 0, default={})
        return {"category": best.get("label")}

    return _layout(records, plain, annotation, prediction)


def feedback_dataset(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """`label` and `label-suggestion`, of Argilla 1's feedback datasets."""
    questions = [name for name in columns if f"{name}-suggestion" in columns]
    if not questions:
        return None
    answer_columns = {
        name for name in columns if any(name == q or name.startswith(f"{q}-suggestion") for q in questions)
    }

    def plain(record: Record) -> dict[str, Any]:
        kept = {
            name: value
            for name, value in record.items()
            if name not in answer_columns and name not in ("metadata", "external_id")
        }
        return {"id": record.get("external_id")} | members(record, "metadata") | kept

    def responses(record: Record) -> dict[str, Any]:
        return {name: _agreed_value(_to_list(record.get(name))) for name in questions}

    def suggestions(record: Record) -> dict[str, Any]:
        return {name: record.get(f"{name}-suggestion") for name in questions}

    return _layout(records, plain, responses, suggestions)


def _layout(
    records: Sequence[Record], plain: Callable[[Record], dict[str, Any]], responses: Answers, suggestions: Answers
) -> Layout:
    """What people answered; where nobody answered anything, what was suggested."""
    answered = any(value is not None for record in records for value in responses(record).values())
    answers = responses if answered else suggestions
    question = category_question(column_names(answers(record) for record in records))

    def flatten(record: Record) -> Flat:
        return labelled_row(plain(record), answers(record), question)

    names = column_names(flatten(record)[0] for record in records)
    origin = "what was answered" if answered else "what was suggested, for nobody has answered,"
    return Layout(names, flatten, f"Argilla's records: the category is {origin} for '{question}'.")


def _responses(record: Record, column: str) -> list[dict[str, Any]]:
    values = items(record, column)
    statuses = items(record, f"{column}.status") or [None] * len(values)
    return [{"value": value, "status": status} for value, status in zip(values, statuses, strict=False)]


def _agreed_value(answers: Any) -> Any:
    responses = [response for response in answers if isinstance(response, Mapping)] if isinstance(answers, list) else []
    return agreed_label(response.get("value") for response in responses if response.get("status") not in _DISCARDED)


def _to_list(value: Any) -> list[Any]:
    """A list of objects, also where it was stored as an object of lists."""
    if isinstance(value, Mapping) and all(isinstance(cells, list) for cells in value.values()):
        return [dict(zip(value, cells, strict=True)) for cells in zip(*value.values(), strict=False)]
    return value if isinstance(value, list) else []
