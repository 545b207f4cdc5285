"""Parquet, a group of rows at a time."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from newsdesk.bulk.cells import as_text
from newsdesk.bulk.column_types import ColumnTypes
from newsdesk.errors import DataError

_ROWS_AT_ONCE = 10_000
_INFERRED = {
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({int, float}): pa.float64(),
}


def write_parquet(file: Path, columns: Sequence[str], records: Iterable[Mapping[str, Any]], types: ColumnTypes) -> None:
    """Columns keep the type that their files declare; else it is that of their cells, and text where these differ."""
    schema = pa.schema([(name, _type_of(name, types)) for name in columns])
    remaining = iter(records)
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        while rows := list(islice(remaining, _ROWS_AT_ONCE)):
            arrays = [_array(field.name, [row.get(field.name) for row in rows], field.type) for field in schema]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _type_of(column: str, types: ColumnTypes) -> Any:
    if column in types.declared:
        return types.declared[column]
    return _INFERRED.get(frozenset(types.observed.get(column, ())), pa.string())


def _array(name: str, cells: list[Any], arrow_type: Any) -> Any:
    if pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type):
        cells = [None if cell is None else _writable(as_text(cell)) for cell in cells]
    try:
        return pa.array(cells, type=arrow_type)
    except (pa.ArrowException, OverflowError) as error:
        raise DataError(
            f"The column '{name}' cannot be written as Parquet: {error}. Write .jsonl or .csv instead."
        ) from error


def _writable(text: str) -> str:
    """Without half of a surrogate pair, which JSON may hold and UTF-8 may not."""
    return text.encode("utf-8", "backslashreplace").decode()
