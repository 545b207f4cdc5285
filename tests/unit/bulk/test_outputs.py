"""What is written is read back as it was."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.articles.readers import read_table
from newsdesk.bulk.cells import as_json, as_text
from newsdesk.bulk.column_types import ColumnTypes
from newsdesk.bulk.outputs import write_records
from newsdesk.errors import DataError

# As readers give them: CSV has no NUL, and a header has no blanks around its names.
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
ROWS = st.lists(st.fixed_dictionaries({"text": CELLS, "title": CELLS}), min_size=1, max_size=5)


def written(folder: Path, name: str, records: list[dict[str, Any]]) -> Path:
    types = ColumnTypes()
    for record in records:
        types.note(record)
    out = folder / name
    write_records(out, list(dict.fromkeys(key for record in records for key in record)), records, types)
    return out


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.parquet"])
@settings(max_examples=40, deadline=None)
@given(rows=ROWS)
def test_every_text_is_read_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, name: str, rows: Any) -> None:
    marked = [row | {"n": f"row {n}"} for n, row in enumerate(rows)]  # a row of blanks alone is none
    out = written(tmp_path_factory.mktemp("out"), name, marked)
    assert [row.values for row in read_table(out).rows] == marked


def test_half_a_character_is_shown_by_its_number(tmp_path: Path) -> None:
    for name in ("out.csv", "out.parquet"):
        out = written(tmp_path, name, [{"n": "1", "text": "half \ud800"}])
        assert next(read_table(out).rows).values["text"] == "half \\ud800"
    assert (
        next(read_table(written(tmp_path, "out.jsonl", [{"text": "half \ud800"}])).rows).values["text"] == "half \ud800"
    )


@pytest.mark.parametrize(
    ("cell", "text", "json"),
    [
        (None, "", "null"),
        (True, "true", "true"),
        (3, "3", "3"),
        (0.1, "0.1", "0.1"),
        (float("nan"), "nan", "null"),
        ({"a": [1, float("inf")]}, '{"a": [1, null]}', '{"a": [1, null]}'),
        (date(2026, 1, 2), "2026-01-02", '"2026-01-02"'),
        (datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "2026-01-02T03:04:00+00:00", '"2026-01-02T03:04:00+00:00"'),
        (Decimal("1.10"), "1.10", '"1.10"'),
        (b"caf\xe9", "caf\\xe9", '"caf\\\\xe9"'),
        ("é", "é", '"é"'),
    ],
)
def test_a_cell_of_any_kind_can_be_written(cell: Any, text: str, json: str) -> None:
    assert as_text(cell) == text
    assert as_json(cell) == json


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, None, 3], [1, None, 3]),
        ([1, 2.5], [1.0, 2.5]),
        ([True, None], [True, None]),
        ([1, "b"], ["1", "b"]),
        ([2**70, 1], [str(2**70), "1"]),
        ([["a"], None], ['["a"]', None]),
        ([None, None], [None, None]),
    ],
)
def test_a_column_whose_cells_differ_in_kind_becomes_text_in_parquet(
    tmp_path: Path, cells: list[Any], expected: list[Any]
) -> None:
    out = written(tmp_path, "out.parquet", [{"n": n, "cell": cell} for n, cell in enumerate(cells)])
    assert [row.values["cell"] for row in read_table(out).rows] == expected


def test_a_type_that_does_not_fit_is_told_with_its_column_and_leaves_nothing(tmp_path: Path) -> None:
    import pyarrow as pa

    types = ColumnTypes()
    types.declare("at", pa.timestamp("ms"))
    with pytest.raises(DataError, match="The column 'at'"):
        write_records(tmp_path / "out.parquet", ["at"], [{"at": "yesterday"}], types)
    assert list(tmp_path.iterdir()) == []
