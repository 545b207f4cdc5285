from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from newsdesk.errors import RegistryError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import MANIFEST
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.sqlite_reader import SqliteReader
from newsdesk.registry.version import MODEL
from tests.unit.registry.shelf import Shelf


def test_without_a_database_there_are_no_versions_and_none_is_made(tmp_path: Path) -> None:
    reader = SqliteReader(tmp_path / "mlflow.db")
    assert reader.versions() == []
    assert reader.holder("champion") is None
    assert list(tmp_path.iterdir()) == []


def test_before_anything_is_registered_there_are_no_versions(empty_database: Path) -> None:
    assert SqliteReader(empty_database).versions() == []


def test_it_says_what_mlflow_says(shelf: Shelf, first: Bundle, second: Bundle) -> None:
    for bundle in (first, second, first):
        shelf.put(bundle)
    shelf.client.set_registered_model_alias(MODEL, "champion", "2")
    shelf.client.set_registered_model_alias(MODEL, "previous", "1")
    versions = shelf.reader.versions()
    assert versions == MlflowRegistry(shelf.settings).versions()
    assert [(version.version, version.aliases) for version in versions] == [
        ("3", ()),
        ("2", ("champion",)),
        ("1", ("previous",)),
    ]
    assert isinstance(versions[0].registered_at, datetime)


def test_an_alias_that_other_hands_move_is_noticed(shelf: Shelf, first: Bundle, second: Bundle) -> None:
    shelf.put(first)
    shelf.put(second)
    held = []
    for number in ("1", "2", "1"):
        shelf.client.set_registered_model_alias(MODEL, "champion", number)
        holder = shelf.reader.holder("champion")
        held.append(holder and holder.version)
    shelf.client.delete_registered_model_alias(MODEL, "champion")
    assert held == ["1", "2", "1"]
    assert shelf.reader.holder("champion") is None


def test_a_version_that_was_deleted_in_mlflow_is_gone(shelf: Shelf, first: Bundle, second: Bundle) -> None:
    shelf.put(first)
    shelf.put(second)
    shelf.client.set_registered_model_alias(MODEL, "champion", "2")
    version = shelf.reader.version("2")
    shelf.client.delete_model_version(MODEL, "2")
    assert [version.version for version in shelf.reader.versions()] == ["1"]
    assert shelf.reader.holder("champion") is None
    with pytest.raises(RegistryError, match="has no version 2"):
        shelf.reader.version("2")
    with pytest.raises(RegistryError, match="has no version 2 any more"):
        shelf.reader.download(version, MANIFEST)


def test_other_models_of_the_same_mlflow_are_not_ours(shelf: Shelf, first: Bundle) -> None:
    shelf.put(first)
    shelf.client.create_registered_model("somebody-elses")
    shelf.client.create_model_version("somebody-elses", shelf.artifacts("1").as_uri())
    shelf.client.set_registered_model_alias("somebody-elses", "champion", "1")
    assert [version.aliases for version in shelf.reader.versions()] == [()]


def test_a_file_of_a_bundle_is_read_as_it_lies_there(shelf: Shelf, first: Bundle) -> None:
    number = shelf.put(first)
    content = shelf.reader.download(shelf.reader.version(number), MANIFEST)
    assert content == (shelf.bundle(number) / MANIFEST).read_bytes()


@pytest.mark.parametrize("number", ["2", "01 OR 1=1", "x", ""])
def test_a_file_of_a_version_that_never_was_cannot_be_read(number: str, shelf: Shelf, first: Bundle) -> None:
    version = shelf.reader.version(shelf.put(first))
    with pytest.raises(RegistryError, match=f"has no version {number} any more"):
        shelf.reader.download(replace(version, version=number), MANIFEST)


def test_artifacts_in_a_store_elsewhere_are_told_with_the_way_to_reach_them(shelf: Shelf) -> None:
    shelf.client.create_model_version(MODEL, "s3://key:not-to-be-shown@bucket/1")
    with pytest.raises(RegistryError, match=r"not on this machine.*MLFLOW_TRACKING_URI") as told:
        shelf.reader.download(shelf.reader.version("1"), MANIFEST)
    assert "not-to-be-shown" not in str(told.value)


@pytest.mark.parametrize("content", [b"", b"not a database, but long enough to be looked at" * 30])
def test_a_file_that_is_no_database_of_mlflow_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(content)
    with pytest.raises(RegistryError, match=r"mlflow\.db cannot be read"):
        SqliteReader(tmp_path / "mlflow.db").versions()


def test_reading_changes_nothing_on_disk(shelf: Shelf, first: Bundle) -> None:
    shelf.put(first)
    before = shelf.database.read_bytes(), sorted(path.name for path in shelf.settings.home.iterdir())
    shelf.reader.versions()
    assert (shelf.database.read_bytes(), sorted(path.name for path in shelf.settings.home.iterdir())) == before


def test_a_path_with_signs_that_mean_something_in_an_address_is_read(tmp_path: Path, empty_database: Path) -> None:
    odd = tmp_path / "a b?mode=rwc#%41.db"
    odd.write_bytes(empty_database.read_bytes())
    assert SqliteReader(odd).versions() == []
    assert [path.name for path in tmp_path.iterdir()] == [odd.name]
