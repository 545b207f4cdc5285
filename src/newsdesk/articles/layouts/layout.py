"""A layout: how a tool spreads an article and its label over a record, and how that becomes a plain row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from newsdesk.articles.cells import plain_value
from newsdesk.articles.column_mapping import ColumnNames, match_columns
from newsdesk.articles.field_values import written_list

NOT_ANNOTATED = "not_annotated"

Record = Mapping[str, Any]
Flat = tuple[dict[str, Any], str | None]  # the plain row, and the reason code where it cannot be used


@dataclass(frozen=True)
class Layout:
    """`columns` are those of the plain rows; `note` tells people what was derived."""

    columns: list[str]
    flatten: Callable[[Record], Flat]
    note: str


Recogniser = Callable[[Sequence[str], Sequence[Record]], Layout | None]


def fields_of(columns: Iterable[str]) -> dict[str, str]:
    """Field of an article → column, by the names that are known."""
    return match_columns(list(columns), ColumnNames(), Path())


def agreed_label(labels: Iterable[Any]) -> Any:
    """The label that all agree on; a list where they differ; None where there is none."""
    flat = [label for labelled in labels for label in (labelled if isinstance(labelled, list) else [labelled])]
    try:
        distinct = [label for label in dict.fromkeys(flat) if label not in (None, "")]
    except TypeError:  # no label is a list or an object
        return flat
    return distinct if len(distinct) > 1 else (distinct or [None])[0]


def category_question(questions: Sequence[str]) -> str | None:
    """Of the questions that annotators were asked, the one for the category; None where that is for people to say."""
    known = fields_of(questions).get("category")
    return known or (questions[0] if len(questions) == 1 else None)


def labelled_row(values: dict[str, Any], answers: Mapping[str, Any], question: str | None) -> Flat:
    """A row with the answer to each question under its name, and the one that is meant as the category."""
    values = {**values, **{name: answer for name, answer in answers.items() if name not in values}}
    if question is None:
        return values, None if any(answer is not None for answer in answers.values()) else NOT_ANNOTATED
    values["category"] = answers.get(question)
    return values, None if values["category"] is not None else NOT_ANNOTATED


def column_names(records: Iterable[Record]) -> list[str]:
    """The names of all records, in the order in which they come."""
    return list(dict.fromkeys(name for record in records for name in record))


def members(record: Record, name: str) -> dict[str, Any]:
    """The object at `name`; empty where there is none."""
    value = record.get(name)
    return dict(value) if isinstance(value, Mapping) else {}


def items(record: Record, name: str) -> list[Any]:
    """The list at `name`, also where it was written into a cell of text; empty where there is none."""
    value = plain_value(record.get(name))
    if isinstance(value, str):
        value = written_list(value)
    return value if isinstance(value, list) else []
