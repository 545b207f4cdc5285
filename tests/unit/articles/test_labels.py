import json
from pathlib import Path
from typing import Any

import pytest

from newsdesk.articles.labels import Label, read_labels
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

    assert read_labels(path, "utf-8", None) == {"a-1": Label(2, "sports"), "a-2": Label(3, "politics")}


def test_the_category_column_is_the_one_that_the_user_names(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "id,category,desk\n1,raw,sports\n")

    assert read_labels(path, "utf-8", "desk") == {"1": Label(2, "sports")}


def test_numbers_are_ids_and_categories_too(tmp_path: Path) -> None:
    assert read_labels(json_file(tmp_path, {"id": 7, "label": 3}), "utf-8", None) == {"7": Label(1, "3")}


@pytest.mark.parametrize(("row", "labels"), [({"id": 0, "label": 4}, {"0": "4"}), ({"id": 4, "label": 0}, {"4": "0"})])
def test_zero_is_a_number_like_any_other(tmp_path: Path, row: dict[str, int], labels: dict[str, str]) -> None:
    read = read_labels(json_file(tmp_path, row), "utf-8", None)

    assert {key: label.category for key, label in read.items()} == labels


@pytest.mark.parametrize("row", ["1,", ",sports", " , sports", "1, "])
def test_a_row_without_id_or_category_says_nothing(tmp_path: Path, row: str) -> None:
    assert read_labels(csv_file(tmp_path, f"id,category\n{row}\n2,arts\n"), "utf-8", None) == {"2": Label(3, "arts")}


@pytest.mark.parametrize(
    "nothing",
    [None, pytest.param(float("nan"))],
)
def test_null_and_nan_say_nothing(tmp_path: Path, nothing: float | None) -> None:
    path = json_file(tmp_path, {"id": 1, "category": nothing}, {"id": nothing, "category": "arts"})

    assert read_labels(path, "utf-8", None) == {}


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

    assert read_labels(path, "utf-8", None) == {"1": Label(2, "arts")}


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

    assert read_labels(path, "windows-1252", None) == {"1": Label(2, "Économie")}
