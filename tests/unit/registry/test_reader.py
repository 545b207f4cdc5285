from pathlib import Path

import pytest

from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.reader import open_reader, open_registry
from newsdesk.registry.rest_registry import RestRegistry
from newsdesk.registry.sqlite_reader import SqliteReader
from tests.builders import settings_in


@pytest.mark.parametrize("address", ["http://127.0.0.1:5001", "https://mlflow.example/prefix", "HTTP://mlflow"])
def test_a_server_is_read_and_changed_over_its_rest_api(address: str, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, MLFLOW_TRACKING_URI=address)
    assert isinstance(open_reader(settings), RestRegistry)
    assert isinstance(open_registry(settings), RestRegistry)


def test_an_embedded_mlflow_is_read_from_its_file_and_changed_by_mlflow(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert isinstance(open_reader(settings), SqliteReader)
    assert isinstance(open_registry(settings), MlflowRegistry)


@pytest.mark.parametrize("scheme", ["sqlite", "sqlite+pysqlite"])
def test_another_sqlite_file_may_be_named(scheme: str, tmp_path: Path, empty_database: Path) -> None:
    reader = open_reader(settings_in(tmp_path, MLFLOW_TRACKING_URI=f"{scheme}:///{empty_database}"))
    assert isinstance(reader, SqliteReader)
    assert reader.versions() == []


@pytest.mark.parametrize("address", ["postgresql://mlflow@db/mlflow", "sqlite://", "databricks", "file:///srv", "x y"])
def test_where_only_mlflow_can_read_the_pointer_must_be_followed(address: str, tmp_path: Path) -> None:
    assert open_reader(settings_in(tmp_path, MLFLOW_TRACKING_URI=address)) is None
