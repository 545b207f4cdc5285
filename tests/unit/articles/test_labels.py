import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.articles.column_mapping import ColumnMapping
from newsdesk.articles.labels import Label, LabelFile, LabelJoin, join_labels, read_labels
from newsdesk.errors import DataError, UsageError


def csv_file(folder: Path, content: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(content, encoding="utf-8")
    return path


def json_file(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "labels.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_each_id_has_its_category_and_the_row_that_says_so(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "Article ID,Label\na-1,sports\na-2, politics \n")

    assert read_labels(path, "utf-8", None).labels == {"a-1": Label(2, "sports"), "a-2": Label(3, "politics")}


def test_the_category_column_is_the_one_that_the_user_names(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,category,desk\n1,raw,sports\n")

    assert read_labels(path, "utf-8", "desk").labels == {"1": Label(2, "sports")}


def test_numbers_are_ids_and_categories_too(tmp_path: Path) -> None:
    assert read_labels(json_file(tmp_path, {"id": 7, "label": 3}), "utf-8", None).labels == {"7": Label(1, "3")}


@pytest.mark.parametrize(("row", "labels"), [({"id": 0, "label": 4}, {"0": "4"}), ({"id": 4, "label": 0}, {"4": "0"})])
def test_zero_is_a_number_like_any_other(tmp_path: Path, row: dict[str, int], labels: dict[str, str]) -> None:
    read = read_labels(json_file(tmp_path, row), "utf-8", None).labels

    assert {key: label.category for key, label in read.items()} == labels


@pytest.mark.parametrize("row", ["1,", ",sports", " , sports", "1, "])
def test_a_row_without_id_or_category_says_nothing(tmp_path: Path, row: str) -> None:
    assert read_labels(csv_file(tmp_path, f"id,category\n{row}\n2,arts\n"), "utf-8", None).labels == {
        "2": Label(3, "arts")
    }


@pytest.mark.parametrize(
    "nothing",
    [None, pytest.param(float("nan"))],
)
def test_null_and_nan_say_nothing(tmp_path: Path, nothing: float | None) -> None:
    path = json_file(tmp_path, {"id": 1, "category": nothing}, {"id": nothing, "category": "arts"})

    assert read_labels(path, "utf-8", None).labels == {}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("labels.csv", "id,category\n1,arts\n2,Arts, culture\n"),
        ("labels.jsonl", '{"id": 1, "category": "arts"}\n{"id"\n'),
    ],
)
def test_a_row_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    broken = len(content.splitlines())

    with pytest.raises(DataError, match=f"row {broken}"):
        read_labels(path, "utf-8", None)


def test_an_id_may_repeat_its_category_and_the_first_row_counts(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,category\n1,arts\n1,arts\n")

    assert read_labels(path, "utf-8", None).labels == {"1": Label(2, "arts")}


def test_an_id_with_two_categories_is_an_error_with_row_id_and_both(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,category\n1,arts\n2,arts\n1,sports\n")

    with pytest.raises(DataError, match=r"row 4: id '1' has two categories, 'arts' and 'sports'"):
        read_labels(path, "utf-8", None)


def test_a_file_without_an_id_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no column with the article id"):
        read_labels(csv_file(tmp_path, "key,category\n1,arts\n"), "utf-8", None)


def test_a_file_without_a_category_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no column with the category"):
        read_labels(csv_file(tmp_path, "id,kind\n1,arts\n"), "utf-8", None)


def test_the_encoding_is_the_one_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes("id,category\n1,Économie\n".encode("windows-1252"))

    assert read_labels(path, "windows-1252", None).labels == {"1": Label(2, "Économie")}


def label_file(*ids: str, category: str | None = None) -> LabelFile:
    """Labels from row 2 on, each of a category of its own unless one is given."""
    labels = {key: Label(row, category or f"category of {key}") for row, key in enumerate(ids, start=2)}
    return LabelFile(Path("in/labels.csv"), labels, ColumnMapping(fields={"id": "id", "category": "category"}))


def joined(file: LabelFile, *ids: str) -> tuple[dict[str, str], LabelJoin]:
    labels, join = join_labels(file, ids)
    return {key: label.category for key, label in labels.items()}, join


def test_labels_of_no_article_are_counted_with_their_rows_in_their_own_file() -> None:
    labels, join = joined(label_file(*map(str, range(1, 8))), "1", "2")

    assert labels == {"1": "category of 1", "2": "category of 2"}
    assert (join.labels, join.joined, join.without_article, join.rows) == (7, 2, 5, [4, 5, 6, 7])
    assert list(join.sentences()) == [
        "labels.csv: 7 labels, 2 of them of articles here.",
        "5 labels in labels.csv are of no article here, and were left (rows 4, 5, 6, 7 … of that file).",
    ]


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("0001", "1"),
        ("1", "0001"),
        ("7", "7.0"),
        ("007.00", "7"),
        ("AB-1", "ab-1"),
        ("a 1", "a1"),
        ("１", "1"),
        ("0", "00"),
    ],
)
def test_ids_that_tools_have_respelt_are_joined_and_it_is_said_aloud(here: str, there: str) -> None:
    labels, join = joined(label_file(there, "other"), here, "other")

    assert labels == {here: f"category of {there}", "other": "category of other"}
    assert (join.respelt, join.example, join.without_article, join.without_label) == (1, (here, there), 0, 0)
    assert f"'{here}' here is '{there}' in labels.csv." in " ".join(join.sentences())


@pytest.mark.parametrize(("here", "there"), [("a01", "a1"), ("1.5", "15"), ("1.0.0", "1"), ("a-1", "a1")])
def test_ids_that_mean_something_else_are_not_joined(here: str, there: str) -> None:
    labels, join = joined(label_file(there, "other"), here, "other")

    assert labels == {"other": "category of other"}
    assert (join.respelt, join.without_label, join.without_article) == (0, 1, 1)


def test_an_id_that_may_be_one_of_several_is_joined_with_none() -> None:
    two_labels, join = joined(label_file("1", "001", "x"), "01", "x")
    assert (two_labels, join.unclear, join.without_article) == ({"x": "category of x"}, 1, 0)
    assert "1 ids may be one of several in labels.csv" in " ".join(join.sentences())

    two_articles, join = joined(label_file("1", "x"), "01", "001", "x")
    assert (two_articles, join.unclear) == ({"x": "category of x"}, 2)

    assert joined(label_file("1", "001", category="arts"), "01")[0] == {"01": "arts"}


def test_an_id_that_is_there_as_it_is_takes_its_own_label() -> None:
    assert joined(label_file("1", "0001"), "1", "0001")[0] == {"1": "category of 1", "0001": "category of 0001"}


def test_where_no_id_is_the_same_both_are_shown_and_the_file_is_named() -> None:
    with pytest.raises(
        DataError, match=r"^in/labels\.csv: none of its 2 ids is .* 'n-1' there, in column 'id', and '7' in"
    ):
        join_labels(label_file("n-1", "n-2"), ["7", "8"])


def test_a_file_without_a_single_label_says_so() -> None:
    with pytest.raises(DataError, match="no row has both an id and a category"):
        join_labels(label_file(), ["7"])


IDS = st.lists(st.sampled_from(["1", "01", "001", "1.0", "2", "02", "a", "A", " a", "b"]), min_size=1, unique=True)


@given(IDS, IDS)
def test_every_id_is_joined_or_counted(here: list[str], there: list[str]) -> None:
    try:
        labels, join = joined(label_file(*there), *here)
    except DataError:
        assert not set(here) & set(there)
        return
    assert join.joined == len(labels)
    assert join.joined + join.without_label == len(here)
    assert all(labels[key] == f"category of {key}" for key in set(here) & set(there))
    assert join.without_article + len(set(labels.values())) <= len(there)


@pytest.mark.parametrize("category", [["sports"], '["sports"]', {"name": "sports"}, ["sports", "sports"]])
def test_a_label_may_be_a_list_of_one(tmp_path: Path, category: Any) -> None:
    found = read_labels(json_file(tmp_path, {"id": 7, "label": category}), "utf-8", None)

    assert found.labels == {"7": Label(1, "sports")}


def test_a_list_of_several_labels_is_refused_with_its_row(tmp_path: Path) -> None:
    path = json_file(tmp_path, {"id": 7, "label": "a"}, {"id": 8, "label": ["a", "b"]})

    with pytest.raises(DataError, match=r"row 2: id '8' has 2 categories\. Keep one"):
        read_labels(path, "utf-8", None)


def test_a_label_that_nobody_gave_says_nothing(tmp_path: Path) -> None:
    path = json_file(tmp_path, {"id": 7, "label": ["a"]}, {"id": 8, "label": []})

    assert read_labels(path, "utf-8", None).labels == {"7": Label(1, "a")}
