import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.articles.column_mapping import ColumnNames, find_columns
from newsdesk.articles.quarantine import REASONS, AcceptedRow, check_rows
from newsdesk.articles.readers import RawTable, read_table

TEXT = "The bank waits for the rates."


def table_of(tmp_path: Path, rows: Any) -> RawTable:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(rows), encoding="utf-8")
    return read_table(path)


def categories(tmp_path: Path, rows: Any, said: str | None = None) -> list[str]:
    """The category of each article, or the reason why it is none."""
    table = table_of(tmp_path, rows)
    columns = find_columns(table.columns, ColumnNames(category=said), table.path)
    items = check_rows(table.rows, columns, labels=None, min_text_length=1)
    return [item.article.category if isinstance(item, AcceptedRow) else " ".join(item.reasons) for item in items]


def chosen(*choices: str, name: str = "topic", **more: Any) -> dict[str, Any]:
    result = {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": list(choices)}}
    return {"result": [result], "was_cancelled": False} | more


def task(*annotations: dict[str, Any], **data: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"text": TEXT} | data, "annotations": list(annotations), "predictions": []}


@pytest.mark.parametrize(
    ("annotations", "category"),
    [
        ([chosen("sport")], "sport"),
        ([chosen("sport"), chosen("sport")], "sport"),
        ([chosen("sport"), chosen("world")], "several_categories"),
        ([chosen("sport", "world")], "several_categories"),
        ([chosen("sport"), chosen("world", was_cancelled=True)], "sport"),
        ([chosen("sport"), chosen("world", ground_truth=True)], "world"),
        ([chosen("sport", was_cancelled=True)], "not_annotated"),
        ([{"result": []}], "not_annotated"),
        ([], "not_annotated"),
    ],
)
def test_label_studio_s_category_is_what_the_annotators_agree_on(
    tmp_path: Path, annotations: list[dict[str, Any]], category: str
) -> None:
    assert categories(tmp_path, [task(*annotations), task(chosen("x"))])[0] == category


def test_of_several_questions_the_one_for_the_category_is_taken_by_its_name(tmp_path: Path) -> None:
    both = chosen("angry", name="mood")
    both["result"] += chosen("sport", name="topic")["result"]

    assert categories(tmp_path, [task(both)]) == ["sport"]


def test_of_questions_that_say_nothing_people_choose_one(tmp_path: Path) -> None:
    both = chosen("angry", name="mood")
    both["result"] += chosen("sport", name="what")["result"]

    assert {"mood", "what"} <= set(table_of(tmp_path, [task(both)]).columns)
    assert categories(tmp_path, [task(both)], "what") == ["sport"]


def test_the_task_s_own_fields_are_columns(tmp_path: Path) -> None:
    (row,) = table_of(tmp_path, [task(chosen("sport"), title="A", url="u", id="n7")]).rows

    assert row.values == {"id": "n7", "text": TEXT, "title": "A", "url": "u", "topic": "sport", "category": "sport"}


ROW = {"annotator": 1, "annotation_id": 2, "created_at": "2024-05-01", "updated_at": "2024-05-01", "lead_time": 1.5}


@pytest.mark.parametrize("answer", ["sport", {"choices": ["sport"]}, '{"choices": ["sport"]}', ["sport"]])
def test_label_studio_s_rows_name_the_category_as_the_question(tmp_path: Path, answer: Any) -> None:
    row = {"text": TEXT, "author": "A. Writer", "id": 5, "mood": answer} | ROW

    assert categories(tmp_path, [row]) == ["sport"]
    assert "created_at" not in table_of(tmp_path, [row]).columns  # that of the annotation is not the article's


@pytest.mark.parametrize("answers", [("sport", "sport"), ("sport", "world")])
def test_a_task_of_two_annotators_is_no_repeated_id(tmp_path: Path, answers: tuple[str, str]) -> None:
    rows = [{"text": TEXT, "id": 5, "mood": answer} | ROW for answer in answers]

    assert categories(tmp_path, rows) == list(answers)
    assert "id" not in table_of(tmp_path, rows).columns


def argilla(responses: Any = None, suggestions: Any = None, **fields: Any) -> dict[str, Any]:
    return {
        "id": "r1",
        "fields": {"text": TEXT} | fields,
        "metadata": {},
        "responses": responses or {},
        "suggestions": suggestions or {},
    }


@pytest.mark.parametrize(
    ("responses", "category"),
    [
        ([{"value": "sport"}], "sport"),
        ([{"value": "sport"}, {"value": "sport"}], "sport"),
        ([{"value": "sport"}, {"value": "world"}], "several_categories"),
        ([{"value": "sport", "status": "submitted"}, {"value": "world", "status": "discarded"}], "sport"),
        ([{"value": ["sport"]}], "sport"),
        ([], "not_annotated"),
    ],
)
def test_argilla_s_category_is_what_people_answered(tmp_path: Path, responses: list[Any], category: str) -> None:
    suggested = {"label": {"value": "world", "score": 0.9}}
    answered = argilla({"label": [{"value": "x"}]}, suggested)

    assert categories(tmp_path, [argilla({"label": responses}, suggested), answered])[0] == category


def test_where_nobody_has_answered_what_was_suggested_is_taken_and_told(tmp_path: Path) -> None:
    rows = [argilla(suggestions={"label": {"value": "world", "score": 0.9}})]

    assert categories(tmp_path, rows) == ["world"]
    assert "suggested, for nobody has answered" in table_of(tmp_path, rows).notes[0]


@pytest.mark.parametrize(
    ("record", "category"),
    [
        ({"label": "sport", "answer": "accept"}, "sport"),
        ({"label": "sport", "answer": "reject"}, "not_annotated"),
        ({"label": "sport", "answer": "ignore"}, "not_annotated"),
        ({"accept": ["sport"], "options": [{"id": "sport", "text": "Sport!"}], "answer": "accept"}, "sport"),
        ({"accept": [3], "options": [{"id": 3, "text": "sport"}], "answer": "accept"}, "sport"),
        ({"accept": ["a", "b"], "options": [], "answer": "accept"}, "several_categories"),
        ({"accept": [], "options": [], "answer": "accept"}, "not_annotated"),
        ({"cats": {"a": 0.0, "b": 1.0}, "answer": "accept"}, "b"),
        ({"cats": {"a": 0.0, "b": 1.0}}, "b"),
        ({"cats": {"a": True, "b": False}}, "a"),
        ({"cats": {"a": 1, "b": 1}}, "several_categories"),
        ({"cats": {"a": 0, "b": 0}}, "not_annotated"),
        ({"cats": {}}, "not_annotated"),
    ],
)
def test_prodigy_s_category_is_what_was_accepted(tmp_path: Path, record: dict[str, Any], category: str) -> None:
    assert categories(tmp_path, [{"text": TEXT} | record]) == [category]


def test_an_answer_that_is_no_annotation_is_a_column_like_others(tmp_path: Path) -> None:
    assert categories(tmp_path, [{"text": TEXT, "label": "sport", "answer": "forty-two"}]) == ["sport"]


@pytest.mark.parametrize(("label", "category"), [("true", "sport"), ("True", "sport"), (True, "sport"), (False, None)])
def test_label_sleuth_s_category_is_the_one_with_a_yes(tmp_path: Path, label: Any, category: str | None) -> None:
    row = {"workspace_id": "w", "category_name": "sport", "text": TEXT, "label": label, "label_type": "Standard"}

    assert categories(tmp_path, [row]) == [category or "not_annotated"]


@pytest.mark.parametrize(
    ("flags", "category"),
    [
        ({"sport": 1, "world": 0}, "sport"),
        ({"sport": "0", "world": "1"}, "world"),
        ({"sport": False, "world": True}, "world"),
        ({"sport": 0.0, "world": 1.0}, "world"),
        ({"label_sport": 1, "label_world": 0}, "sport"),
        ({"category=sport": 1, "category=world": 0}, "sport"),
        ({"sport": 1, "world": 1}, "several_categories"),
        ({"sport": 0, "world": 0}, "missing_category"),
    ],
)
def test_the_category_may_be_the_column_that_holds_1(tmp_path: Path, flags: dict[str, Any], category: str) -> None:
    names = list(flags)
    others = [{"text": f"{TEXT} {n}", names[n % 2]: 1, names[1 - n % 2]: 0} for n in range(6)]

    table = table_of(tmp_path, [{"text": TEXT} | flags, *others])

    assert categories(tmp_path, [{"text": TEXT} | flags, *others])[0] == category
    assert f"'{names[0]}'" in table.notes[0]


@pytest.mark.parametrize(
    "rows",
    [
        [{"text": TEXT, "category": "x", "premium": 1, "opinion": 0}],
        [{"text": TEXT, "premium": 0, "opinion": 0}, {"text": TEXT, "premium": 1, "opinion": 1}],
        [{"text": TEXT, "premium": 1, "words": 7}],
        [{"text": TEXT, "premium": 1}],
    ],
)
def test_columns_of_yes_and_no_about_something_else_are_no_categories(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    assert table_of(tmp_path, rows).notes == ()


def test_members_of_objects_are_found_by_the_names_that_are_known(tmp_path: Path) -> None:
    record = {
        "_id": {"$oid": "65"},
        "headline": {"main": "A", "kicker": None},
        "source": {"id": None, "name": "Harbour Post"},
        "fields": {"bodyText": TEXT},
        "section": {"name": "sport", "id": 3},
        "date": {"$date": "2024-05-01T08:00:00Z"},
    }
    table = table_of(tmp_path, [record])

    columns = find_columns(table.columns, ColumnNames(), table.path)
    (item,) = check_rows(table.rows, columns, labels=None, min_text_length=1)

    assert isinstance(item, AcceptedRow)
    assert (item.article.title, item.article.text, item.article.category) == ("A", TEXT, "sport")
    assert (item.article.source, item.article.published_at is None) == ("Harbour Post", False)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        *("text", "label", "data", "annotations", "fields", "responses", "suggestions", "annotation", "prediction"),
        *("inputs", "answer", "accept", "options", "cats", "label_type", "category_name", "Comments", "sport", "world"),
        *("label.responses", "label.suggestion", "label-suggestion", "annotator", "annotation_id", "lead_time"),
        *("id", "meta", "title", "_source", "attributes", "headline"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=8), min_size=1, max_size=4).filter(any))
def test_whatever_stands_under_the_names_of_a_tool_each_row_is_an_article_or_set_aside_for_a_documented_reason(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    table = table_of(tmp_path_factory.mktemp("layout"), rows)
    columns = {"text": "text", "category": "category", "id": "id", "title": "title", "source": "meta"}

    items = list(check_rows(table.rows, columns, labels=None, min_text_length=1))

    assert len(items) == len(rows)
    for item in items:
        if not isinstance(item, AcceptedRow):
            assert all(r in REASONS or r.split("_", 1)[1] in ("too_long", "not_text", "invalid") for r in item.reasons)


def test_a_column_of_codes_is_no_text_where_titles_are(tmp_path: Path) -> None:
    rows = [{"TITLE": f"Rates held for month {n}", "STORY": f"dPk{n}xM", "CATEGORY": "b"} for n in range(3)]

    assert table_of(tmp_path, rows).columns == ["TITLE", "CATEGORY"]
    assert table_of(tmp_path, [row | {"STORY": TEXT} for row in rows]).columns == ["TITLE", "STORY", "CATEGORY"]
    assert table_of(tmp_path, [row | {"TITLE": "利率不变", "STORY": "银行等待"} for row in rows]).notes == ()
