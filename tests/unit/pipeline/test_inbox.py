from pathlib import Path

import pytest

from newsdesk.articles.readers import SUFFIXES
from newsdesk.pipeline.inbox import tables_in


@pytest.mark.parametrize(
    "name", [*(f"news{suffix}" for suffix in SUFFIXES), "news.csv.gz", "news.zip", "news.json.bz2"]
)
@pytest.mark.parametrize("labels", ["news.labels.csv", "news.labels.xlsx", "news.labels.csv.gz"])
def test_a_table_of_any_kind_is_found_with_its_labels_of_any_kind(tmp_path: Path, name: str, labels: str) -> None:
    for each in (name, labels, "other.csv"):
        (tmp_path / each).write_bytes(b"x")

    found = {Path(table.address).name: table.labels and Path(table.labels).name for table in tables_in(str(tmp_path))}

    assert found == {name: labels, "other.csv": None}


@pytest.mark.parametrize("name", ["README.txt", "readme.json", "LICENSE.txt", ".hidden.csv", "notes.md", "a.tar.gz"])
def test_what_lies_beside_tables_is_left(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")

    assert tables_in(str(tmp_path)) == []
