"""Parquet and Arrow: typed columns, with the names of classes where the tool that wrote them left these."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from newsdesk.articles.readers.table import RawRow, RawTable, refuse_repeated
from newsdesk.articles.readers.unpacking import TableFile
from newsdesk.errors import DataError

_ROWS_AT_ONCE = 4096


def read_parquet(file: TableFile) -> RawTable:
    """Raises `DataError`, also while the rows are iterated."""
    import pyarrow.parquet as pq

    with _arrow_errors(file.path, "Parquet"):
        reader = pq.ParquetFile(file.content)
        batches = reader.iter_batches(batch_size=_ROWS_AT_ONCE)
        return _table(file, "Parquet", reader.schema_arrow, reader.metadata.num_rows == 0, batches)


def read_arrow(file: TableFile) -> RawTable:
    """Feather and Arrow's own files and streams. Raises `DataError`, also while the rows are iterated."""
    import pyarrow as pa

    with _arrow_errors(file.path, "Arrow"):
        source = pa.OSFile(str(file.content))
        if file.start(6) == b"ARROW1":
            reader = pa.ipc.open_file(source)
            batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
        else:
            batches = reader = pa.ipc.open_stream(source)
        return _table(file, "Arrow", reader.schema, False, map(_validate, batches))


def _validate(batch: Any) -> Any:
    """Arrow's own files are taken into memory as they are: offsets that lead out of them must not be followed."""
    batch.validate(full=True)
    return batch


def _table(file: TableFile, kind: str, schema: Any, empty: bool, batches: Iterable[Any]) -> RawTable:
    refuse_repeated(schema.names, file.path)
    classes = _class_names(schema.metadata or {})
    rows = _rows(file, kind, classes, batches)
    first = None if empty else next(rows, None)
    if first is None:
        raise DataError(f"{file.path} has no rows. Give a table with labelled articles.")

    def all_rows() -> Iterator[RawRow]:
        yield first
        yield from rows

    types = {field.name: field.type for field in schema if field.name not in classes}
    return RawTable(file.path, schema.names, all_rows(), types=types)


def _rows(file: TableFile, kind: str, classes: dict[str, list[str]], batches: Iterable[Any]) -> Iterator[RawRow]:
    number = 0
    with _arrow_errors(file.path, kind):
        for batch in batches:
            for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
                part = batch.slice(start, _ROWS_AT_ONCE)
                names = part.schema.names
                columns = [_cells(part.column(index), classes.get(name)) for index, name in enumerate(names)]
                for cells in zip(*columns, strict=True):
                    number += 1
                    yield RawRow(number, dict(zip(names, cells, strict=True)))


def _cells(column: Any, classes: list[str] | None) -> list[Any]:
    try:
        cells = column.to_pylist()
    except (
        ValueError,
        OverflowError,
    ):  # text that is not UTF-8, a date beyond the calendar: for the cell, not the file
        cells = [_cell(scalar) for scalar in column]
    return cells if classes is None else [_class_name(cell, classes) for cell in cells]


def _cell(scalar: Any) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return scalar.as_buffer().to_pybytes()
    except (ValueError, OverflowError):
        return None


def _class_name(cell: Any, names: list[str]) -> Any:
    if isinstance(cell, list):
        return [_class_name(item, names) for item in cell]
    if isinstance(cell, int):
        return names[cell] if 0 <= cell < len(names) else None  # datasets writes -1 where there is no label
    return cell


def _class_names(metadata: dict[bytes, bytes]) -> dict[str, list[str]]:
    """Column → the names of its classes, by number, as Hugging Face's `ClassLabel` leaves them in the file."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {column: names for column, feature in features.items() if (names := _find_class_names(feature))}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _find_class_names(feature: Any) -> list[str] | None:
    if isinstance(feature, list):
        return _find_class_names(feature[0]) if feature else None
    if not isinstance(feature, dict):
        return None
    names = feature.get("names")
    if feature.get("_type") == "ClassLabel" and isinstance(names, list):
        return [str(name) for name in names]
    return _find_class_names(feature.get("feature"))


@contextmanager
def _arrow_errors(path: Path, kind: str) -> Iterator[None]:
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(f"{path} cannot be read as {kind}: {reason}. Write it again, or give CSV.") from error
