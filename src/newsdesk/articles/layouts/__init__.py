"""The layouts of labelling tools and news services: recognised by their columns, turned into plain rows."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from newsdesk.articles.layouts import argilla, codes, doccano, label_sleuth, label_studio, nested, one_hot, prodigy
from newsdesk.articles.layouts.layout import Layout, Recogniser
from newsdesk.articles.readers.table import RawRow, RawTable
from newsdesk.errors import NewsdeskError

_PEEKED_ROWS = 1000  # rows, by which a layout is recognised
_RECOGNISERS: tuple[Recogniser, ...] = (
    label_studio.tasks,
    label_studio.rows,
    argilla.records_as_json,
    argilla.records_flattened,
    argilla.first_version,
    argilla.feedback_dataset,
    prodigy.answers,
    prodigy.cats,
    label_sleuth.labels,
    doccano.rows,
    nested.objects,
    one_hot.label_columns,
    codes.text_of_codes,
)


def plain_table(table: RawTable) -> RawTable:
    """The table with plain rows. What reading its rows raises is raised while they are iterated."""
    first, rows = _peek(table.rows)
    records = [row.values for row in first if row.problem is None]
    layout = (
        next((match for recognise in _RECOGNISERS if (match := recognise(table.columns, records))), None)
        if records
        else None
    )
    if layout is None:
        return replace(table, rows=rows)
    notes = (*table.notes, layout.note)
    flattened, original = _flatten_rows(rows, layout), table.columns_in_file
    return replace(table, columns=layout.columns, rows=flattened, notes=notes, original_columns=original)


def _peek(rows: Iterator[RawRow]) -> tuple[list[RawRow], Iterator[RawRow]]:
    """The first rows, and all of them."""
    first: list[RawRow] = []
    try:
        first.extend(islice(rows, _PEEKED_ROWS))
    except NewsdeskError as error:
        return first, chain(first, _raise_later(error))
    return first, chain(first, rows)


def _raise_later(error: NewsdeskError) -> Iterator[RawRow]:
    raise error
    yield


def _flatten_rows(rows: Iterator[RawRow], layout: Layout) -> Iterator[RawRow]:
    for row in rows:
        if row.problem:
            yield row
        else:
            values, problem = layout.flatten(row.values)
            yield RawRow(row.number, values, problem, row.as_in_file)
