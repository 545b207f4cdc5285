import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from newsdesk.articles.readers import read_table
from newsdesk.errors import DataError

TABLE = pa.table({"id": [1, 2], "text": ["one", "two"], "label": ["x", "y"]})


def values(path: Path) -> list[dict[str, Any]]:
    return [row.values for row in read_table(path).rows]


def to_stream(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def to_file(table: pa.Table, path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)


@pytest.mark.parametrize("writes", [to_stream, to_file, pyarrow.feather.write_feather])
@pytest.mark.parametrize("suffix", [".arrow", ".feather", ".ipc"])
def test_files_and_streams_of_arrow_are_read(tmp_path: Path, writes: Any, suffix: str) -> None:
    writes(TABLE, tmp_path / f"a{suffix}")

    table = read_table(tmp_path / f"a{suffix}")

    assert table.columns == ["id", "text", "label"]
    assert [(row.number, row.values["text"]) for row in table.rows] == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("suffix", [".arrow", ".parquet"])
@pytest.mark.parametrize(
    "labels",
    [
        pa.array(["x", "y"]).dictionary_encode(),
        pa.array(["x", "y"], pa.large_string()),
        pa.array(["x", "y"], pa.string_view()),
        pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.uint32()), pa.array(["x", "y"], pa.large_string())),
        pa.array([b"x", b"y"]),
    ],
)
def test_a_category_is_its_name_however_it_is_stored(tmp_path: Path, suffix: str, labels: pa.Array) -> None:
    if suffix == ".arrow":
        to_stream(pa.table({"label": labels}), tmp_path / "a.arrow")
    else:
        pq.write_table(pa.table({"label": labels}), tmp_path / "a.parquet")

    read = [row["label"] for row in values(tmp_path / f"a{suffix}")]
    assert [one.decode() if isinstance(one, bytes) else one for one in read] == ["x", "y"]


FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["sport", "world"], "_type": "ClassLabel"},
    "more": {"feature": {"names": ["a", "b"], "_type": "ClassLabel"}, "_type": "Sequence"},
    "old": [{"names": ["a", "b"], "_type": "ClassLabel"}],
}


@pytest.mark.parametrize("suffix", [".arrow", ".parquet"])
def test_numbers_of_classes_become_the_names_that_hugging_face_left_in_the_file(tmp_path: Path, suffix: str) -> None:
    columns = {"text": list("abcd"), "label": [1, 0, -1, 7], "more": [[1], [], None, [0]], "old": [[0], [1], [], None]}
    table = pa.table(columns).replace_schema_metadata({"huggingface": json.dumps({"info": {"features": FEATURES}})})
    (to_stream if suffix == ".arrow" else pq.write_table)(table, tmp_path / f"a{suffix}")

    rows = values(tmp_path / f"a{suffix}")

    assert [row["label"] for row in rows] == ["world", "sport", None, None]
    assert [row["more"] for row in rows] == [["b"], [], None, ["a"]]
    assert [row["old"] for row in rows] == [["a"], ["b"], [], None]


@pytest.mark.parametrize(
    "metadata", [b"", b"{", b"[]", b"null", b'{"info": {"features": [1]}}', b'{"info": {"features": {"label": 7}}}']
)
def test_metadata_that_says_nothing_leaves_numbers_as_they_are(tmp_path: Path, metadata: bytes) -> None:
    pq.write_table(pa.table({"label": [1]}).replace_schema_metadata({b"huggingface": metadata}), tmp_path / "a.parquet")

    assert values(tmp_path / "a.parquet") == [{"label": 1}]


def test_a_cell_that_python_cannot_hold_costs_that_cell_alone(tmp_path: Path) -> None:
    broken = pa.array([b"one", b"\xff\xfe", b"three"]).view(pa.string())
    far = pa.array([0, 2**60, None], pa.timestamp("us"))
    pq.write_table(pa.table({"text": broken, "date": far}), tmp_path / "a.parquet")

    rows = values(tmp_path / "a.parquet")

    assert [row["text"] for row in rows] == ["one", b"\xff\xfe", "three"]
    assert [row["date"] is None for row in rows] == [False, True, True]


@pytest.mark.parametrize("suffix", [".arrow", ".feather"])
@pytest.mark.parametrize(
    "content", [b"x", b"ARROW1 but no more", b"id,text\n1,one\n", b"\xff\xff\xff\xff" + b"\xff" * 60]
)
def test_a_file_that_is_not_arrow_is_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    (tmp_path / f"a{suffix}").write_bytes(content)

    with pytest.raises(DataError, match=r"cannot be read as Arrow: .*Write it again, or give CSV"):
        list(read_table(tmp_path / f"a{suffix}").rows)


def test_offsets_that_lead_out_of_the_file_are_refused(tmp_path: Path) -> None:
    to_stream(pa.table({"text": ["some text"] * 50}), tmp_path / "a.arrow")
    content = (tmp_path / "a.arrow").read_bytes()
    place = content.index((9).to_bytes(4, "little") + (18).to_bytes(4, "little"))
    (tmp_path / "a.arrow").write_bytes(content[:place] + b"\xff\xff\xff\x7f" + content[place + 4 :])

    with pytest.raises(DataError, match="cannot be read as Arrow"):
        list(read_table(tmp_path / "a.arrow").rows)


def test_an_empty_table_has_no_rows(tmp_path: Path) -> None:
    to_stream(TABLE.slice(0, 0), tmp_path / "a.arrow")

    with pytest.raises(DataError, match="has no rows"):
        read_table(tmp_path / "a.arrow")
