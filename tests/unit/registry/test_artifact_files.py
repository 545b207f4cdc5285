import os
import zipfile
from pathlib import Path

import pytest

from newsdesk.errors import RegistryError
from newsdesk.model.bundle_files import SIZE_LIMITS
from newsdesk.registry.artifact_files import local_folder, read_local, size_limit


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An artifact folder with a bundle in it, and a secret beside it."""
    (tmp_path / "artifacts" / "bundle").mkdir(parents=True)
    for name in SIZE_LIMITS:
        (tmp_path / "artifacts" / "bundle" / name).write_bytes(name.encode())
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path / "artifacts"


def test_the_three_files_of_a_bundle_are_read(source: Path) -> None:
    assert sorted(SIZE_LIMITS) == ["bundle.json", "vocabulary.json", "weights.safetensors"]
    assert {name: read_local(source, name) for name in SIZE_LIMITS} == {name: name.encode() for name in SIZE_LIMITS}


@pytest.mark.parametrize("name", ["", "..", "../../secret", "/etc/passwd", "model.pkl", "bundle.json/", "Bundle.json"])
def test_no_other_file_is_read(name: str, source: Path) -> None:
    with pytest.raises(RegistryError, match="is not fetched"):
        read_local(source, name)


def test_all_files_together_are_limited_to_two_gibibytes() -> None:
    assert sum(size_limit(name) for name in SIZE_LIMITS) == 2 * 1024**3


def test_a_link_to_elsewhere_is_refused_though_it_has_the_right_name(source: Path) -> None:
    (source / "bundle" / "bundle.json").unlink()
    (source / "bundle" / "bundle.json").symlink_to(source.parent / "secret")
    with pytest.raises(RegistryError, match="not a plain file in its own folder"):
        read_local(source, "bundle.json")


def test_a_linked_bundle_folder_is_refused(source: Path, tmp_path: Path) -> None:
    (source / "bundle").rename(tmp_path / "elsewhere")
    (source / "bundle").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RegistryError, match="not a plain file in its own folder"):
        read_local(source, "bundle.json")


def test_a_home_that_is_reached_through_a_link_is_none_of_that(source: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(source)
    assert read_local(tmp_path / "linked", "bundle.json") == b"bundle.json"


def test_a_pipe_is_not_waited_for(source: Path) -> None:
    (source / "bundle" / "bundle.json").unlink()
    os.mkfifo(source / "bundle" / "bundle.json")
    with pytest.raises(RegistryError, match="not a plain file"):
        read_local(source, "bundle.json")


def test_a_zip_where_the_folder_should_be_is_not_opened(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bundle", "w") as archive:
        archive.writestr("bundle.json", "{}")
        archive.writestr("../canary", "x")
    with pytest.raises(RegistryError, match="cannot be read"):
        read_local(tmp_path, "bundle.json")
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_a_file_that_is_too_large_is_refused_before_it_fills_the_memory(source: Path) -> None:
    with (source / "bundle" / "bundle.json").open("wb") as file:
        file.truncate(SIZE_LIMITS["bundle.json"] + 1)
    with pytest.raises(RegistryError, match="is larger than"):
        read_local(source, "bundle.json")


def test_a_file_that_is_missing_is_told_by_its_path(source: Path) -> None:
    (source / "bundle" / "vocabulary.json").unlink()
    with pytest.raises(RegistryError, match=r"vocabulary\.json cannot be read"):
        read_local(source, "vocabulary.json")


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("/srv/artifacts/1", "/srv/artifacts/1"),
        ("file:///srv/artifacts/1", "/srv/artifacts/1"),
        ("file:///srv/a%20b", "/srv/a b"),
        ("file://localhost/srv", "/srv"),
        ("file://elsewhere/srv", None),
        ("s3://bucket/1", None),
        ("mlflow-artifacts:/1", None),
        ("models:/m-1", None),
        ("", None),
        ("relative", None),
    ],
)
def test_only_an_absolute_path_or_its_address_is_on_this_machine(address: str, folder: str | None) -> None:
    assert local_folder(address) == (None if folder is None else Path(folder))
