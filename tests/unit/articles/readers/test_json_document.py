import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.articles.readers import read_table
from newsdesk.errors import DataError
from tests.unit.articles.readers.conftest import Write

STORIES = [{"title": "A", "text": "one"}, {"title": "B", "text": "two"}]
CELLS = {"title": ["A", "B"], "text": ["one", "two"]}


def read(write: Write, content: str, name: str = "a.json") -> list[dict[str, Any]]:
    rows = list(read_table(write(name, content)).rows)
    assert [row.problem for row in rows] == [None] * len(rows)
    return [row.values for row in rows]


@pytest.mark.parametrize(
    "document",
    [
        STORIES,
        {"status": "ok", "totalResults": 2, "articles": STORIES},
        {"response": {"status": "ok", "total": 2, "results": STORIES}},
        {"status": "OK", "response": {"docs": STORIES, "meta": {"hits": 2}}},
        {"meta": {"authors": [{"name": "X"}]}, "data": STORIES},
        {"schema": {"fields": [{"name": "title"}]}, "data": STORIES},
        {"columns": ["title", "text"], "index": [0, 1], "data": [["A", "one"], ["B", "two"]]},
        {name: {str(row): cell for row, cell in enumerate(cells)} for name, cells in CELLS.items()},
        {str(row): story for row, story in enumerate(STORIES)},
        CELLS,
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_the_records_of_a_document_are_found_however_it_is_laid_out(
    write: Write, document: Any, indent: int | None
) -> None:
    assert read(write, json.dumps(document, indent=indent)) == STORIES


def test_keys_around_records_are_their_ids_unless_a_tool_has_counted_them(write: Write) -> None:
    keyed = {"n7": STORIES[0], "n9": STORIES[1] | {"id": "own"}}

    assert [row["id"] for row in read(write, json.dumps(keyed))] == ["n7", "own"]


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(map(json.dumps, STORIES)),
        "\n".join(json.dumps(story, indent=2) for story in STORIES),
        "\ufeff" + "\n".join(map(json.dumps, STORIES)) + "\n",
        "\n\n" + "\n\n".join(map(json.dumps, STORIES)),
        "".join(map(json.dumps, STORIES)),
    ],
)
def test_json_may_hold_one_object_after_the_other(write: Write, content: str) -> None:
    assert read(write, content) == STORIES


def test_a_broken_line_costs_that_line_alone(write: Write) -> None:
    rows = list(read_table(write("a.json", '{"text": "one"}\n{"text": \n{"text": "three"}\n')).rows)

    assert [(row.number, row.problem) for row in rows] == [(1, None), (2, "invalid_json"), (3, None)]


def test_an_item_of_an_array_that_is_no_object_is_told_and_the_rest_is_read(write: Write) -> None:
    rows = list(read_table(write("a.json", '[{"text": "one"}, 7, {"text": "three"}]')).rows)

    assert [(row.number, row.problem) for row in rows] == [(1, None), (2, "not_an_object"), (3, None)]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('["one", "two"]', "no record with named fields"),
        ("[[1, 2], [3, 4]]", "no record with named fields"),
        ("7", "a single int"),
        ('{"a": 1}', "an object without an array of records"),
        ('{"a": [{"text": "x"}], "b": [{"text": "y"}]}', r"several arrays of records \(a, b\)"),
        ('[{"text": "x"}', "not valid JSON at line 1"),
        ('[\n{"text": "x"},\n{"text": y}\n]', "not valid JSON at line 3"),
        ("[" * 100_000, "nested too deep"),
        ('[{"text": ' + "1" * 5000 + "}]", "a number too long"),
        (" \n", "has no rows"),
        ("[]", "no record with named fields"),
        ("{}", "an object without an array of records"),
    ],
)
def test_what_is_no_table_is_refused_with_what_it_is(write: Write, content: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        read_table(write("a.json", content))


def test_an_array_under_the_name_of_lines_is_read(write: Write) -> None:
    assert read(write, json.dumps(STORIES, indent=1), "a.jsonl") == STORIES


RECORDS = st.lists(
    st.fixed_dictionaries({"text": st.text(max_size=9), "label": st.integers() | st.none()}), min_size=1, max_size=5
)


@settings(max_examples=50, deadline=None)
@given(RECORDS, st.sampled_from([None, 1]))
def test_an_array_lines_and_columns_of_the_same_records_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], indent: int | None
) -> None:
    folder = tmp_path_factory.mktemp("json")
    by_column = {name: {str(row): record[name] for row, record in enumerate(records)} for name in ("text", "label")}
    contents = {
        "array.json": json.dumps(records, indent=indent),
        "lines.json": "\n".join(map(json.dumps, records)),
        "columns.json": json.dumps(by_column, indent=indent),
    }
    for name, content in contents.items():
        (folder / name).write_text(content, encoding="utf-8")
        assert [row.values for row in read_table(folder / name).rows] == records, name
