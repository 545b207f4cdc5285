from datetime import UTC, date, datetime
from typing import Any

import pytest

from newsdesk.articles.field_values import category_value, field_values
from newsdesk.articles.quarantine import AcceptedRow, QuarantinedRow, check_rows
from newsdesk.articles.readers import RawRow


@pytest.mark.parametrize(
    "cell",
    [
        "sport",
        " sport ",
        ["sport"],
        ["sport", "sport"],
        ["sport", None, ""],
        {"name": "sport"},
        [{"label": "sport", "score": 0.9}],
        {"choices": ["sport"]},
        '["sport"]',
        "['sport']",
        "['sport' 'sport']",
        '["sport", "sport"]',
        "['sport', 'sport']",
        '{"choices": ["sport"]}',
        b"sport",
    ],
)
def test_one_category_is_told_in_many_ways(cell: Any) -> None:
    assert category_value(cell) == "sport"


@pytest.mark.parametrize("cell", [None, "", " ", float("nan")])
def test_no_category_is_none(cell: Any) -> None:
    assert category_value(cell) is None


@pytest.mark.parametrize("cell", [[], "[]", {"choices": []}, [None], [""]])
def test_an_empty_list_of_categories_is_what_nobody_has_annotated_yet(cell: Any) -> None:
    values = {"text": "The bank waits for the rates.", "category": cell}

    (item,) = check_rows([RawRow(2, values)], {name: name for name in values}, labels=None, min_text_length=1)

    assert isinstance(item, QuarantinedRow)
    assert item.reasons == ("not_annotated",)
    assert not item.is_broken


@pytest.mark.parametrize(
    "cell",
    [["a", "b"], '["a", "b"]', "['a', 'b']", "['a'\n 'b']", {"choices": ["a", "b"]}, [{"name": "a"}, {"name": "b"}]],
)
def test_several_categories_stay_several(cell: Any) -> None:
    assert category_value(cell) == ["a", "b"]


@pytest.mark.parametrize("cell", ["[Opinion]", "{Briefs}", "[a] and [b]", "['a', 'b'", "[" * 20_000 + "]" * 20_000])
def test_a_category_may_be_written_in_brackets(cell: str) -> None:
    assert category_value(cell) == cell


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("source", {"id": None, "name": "Harbour Post"}, "Harbour Post"),
        ("source", {"id": "hp", "name": None}, "hp"),
        ("source", ["Harbour Post"], "Harbour Post"),
        ("url", [{"href": "https://news.example/1"}], "https://news.example/1"),
        ("published_at", {"$date": "2024-05-01T10:00:00Z"}, "2024-05-01T10:00:00Z"),
        ("published_at", {"year": 2024, "month": 5, "day": 1}, "2024-05-01"),
        ("published_at", date(2024, 5, 1), date(2024, 5, 1)),
        ("language", {"code": "en"}, "en"),
        ("source", {}, None),
        ("url", [], None),
    ],
)
def test_of_an_object_or_a_list_of_one_the_member_that_is_meant_is_taken(field: str, cell: Any, value: Any) -> None:
    assert field_values({field: cell}, {field: field}) == ({field: value}, ())


@pytest.mark.parametrize("field", ["source", "url", "language", "published_at"])
@pytest.mark.parametrize("cell", [["a", "b"], {"rank": [1]}, True, [[1]], {"name": ["a", "b"]}])
def test_an_optional_field_of_another_kind_never_costs_the_row_and_is_told(field: str, cell: Any) -> None:
    values = {"text": "The bank waits for the rates.", "category": "money", field: cell}

    (item,) = check_rows([RawRow(2, values)], {name: name for name in values}, labels=None, min_text_length=1)

    assert isinstance(item, AcceptedRow)
    assert item.unused == (field,)
    assert getattr(item.article, field) is None


@pytest.mark.parametrize("category", [["a", "b"], '["a", "b"]'])
def test_a_row_under_several_categories_is_set_aside_with_its_reason(category: Any) -> None:
    values = {"text": "The bank waits for the rates.", "category": category}

    (item,) = check_rows([RawRow(2, values)], {name: name for name in values}, labels=None, min_text_length=1)

    assert isinstance(item, QuarantinedRow)
    assert item.reasons == ("several_categories",)


def test_a_date_in_an_object_is_understood() -> None:
    values = {"text": "The bank waits.", "category": "money", "date": {"$date": "2024-05-01T10:00:00Z"}}
    columns = {"text": "text", "category": "category", "published_at": "date"}

    (item,) = check_rows([RawRow(2, values)], columns, labels=None, min_text_length=1)

    assert isinstance(item, AcceptedRow)
    assert item.article.published_at == datetime(2024, 5, 1, 10, tzinfo=UTC)
