"""Write rows as CSV, JSON Lines or Parquet: under the file's own name only once it is whole."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from newsdesk import atomic
from newsdesk.bulk.cells import as_json, as_text
from newsdesk.bulk.column_types import ColumnTypes
from newsdesk.errors import UsageError

Record = Mapping[str, Any]
Write = Callable[[Path, Sequence[str], Iterable[Record], ColumnTypes], None]


def require_known_ending(out: Path) -> None:
    """Raises `UsageError` for a name whose ending tells no format that is written."""
    if out.suffix.lower() not in _FORMATS:
        raise UsageError(f"{out} cannot be written: give a name that ends in {', '.join(_FORMATS)}.")


def write_records(out: Path, columns: Sequence[str], records: Iterable[Record], types: ColumnTypes) -> None:
    """Write a file, replacing one that is there in a single step. Its draft lies beside it; one that a killed run left
    is written over."""
    draft = out.with_name(f".{out.name}.draft")
    try:
        _FORMATS[out.suffix.lower()](draft, columns, records, types)
        atomic.flush(draft)
        draft.replace(out)
        atomic.flush_names(out.parent)
    finally:
        draft.unlink(missing_ok=True)


def _write_csv(file: Path, columns: Sequence[str], records: Iterable[Record], _: ColumnTypes) -> None:
    # Half a surrogate pair, which JSON may hold, cannot be written: it is shown by its number.
    with file.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        writer.writerows([as_text(record.get(name)) for name in columns] for record in records)


def _write_json_lines(file: Path, _: Sequence[str], records: Iterable[Record], __: ColumnTypes) -> None:
    with file.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
        out.writelines(as_json(record) + "\n" for record in records)


def _write_parquet(file: Path, columns: Sequence[str], records: Iterable[Record], types: ColumnTypes) -> None:
    from newsdesk.bulk.parquet import write_parquet

    write_parquet(file, columns, records, types)


_FORMATS: dict[str, Write] = {".csv": _write_csv, ".jsonl": _write_json_lines, ".parquet": _write_parquet}
