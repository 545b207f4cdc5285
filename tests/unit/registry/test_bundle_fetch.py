import io
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer

from newsdesk.errors import BundleError, RegistryError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import MANIFEST, VOCABULARY, WEIGHTS, load_bundle
from newsdesk.registry.bundle_fetch import fetch_bundle
from newsdesk.registry.champion_pointer import bundle_folder_name
from newsdesk.registry.version import Version, describe
from tests.unit.registry.shelf import Shelf

FILES = [MANIFEST, VOCABULARY, WEIGHTS]


def fetch(shelf: Shelf, number: str) -> tuple[Bundle, Path]:
    return fetch_bundle(shelf.reader, shelf.reader.version(number), shelf.settings.bundles)


def assert_refused(shelf: Shelf, number: str, reason: str) -> None:
    """Fetching ends in one sentence, and leaves nothing behind that could be served."""
    with pytest.raises((BundleError, RegistryError), match=reason):
        fetch(shelf, number)
    assert not shelf.settings.bundles.exists() or list(shelf.settings.bundles.iterdir()) == []


def test_the_bundle_that_was_registered_is_the_one_that_is_kept(shelf: Shelf, first: Bundle) -> None:
    bundle, folder = fetch(shelf, shelf.put(first))
    assert bundle.digest == first.digest == load_bundle(folder).digest
    assert folder == shelf.settings.bundles / bundle_folder_name(first.digest)
    assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)


def test_a_bundle_that_is_whole_on_disk_needs_no_registry(shelf: Shelf, first: Bundle) -> None:
    number = shelf.put(first)
    version = shelf.reader.version(number)
    fetch(shelf, number)
    shutil.rmtree(shelf.artifacts(number))
    shelf.database.unlink()
    assert fetch_bundle(shelf.reader, version, shelf.settings.bundles)[0].digest == first.digest


@pytest.mark.parametrize("name", FILES)
def test_a_copy_that_was_damaged_on_disk_is_fetched_again(name: str, shelf: Shelf, first: Bundle) -> None:
    number = shelf.put(first)
    _, folder = fetch(shelf, number)
    (folder / name).write_bytes(b"damaged")
    fetch(shelf, number)
    assert (folder / name).read_bytes() == (shelf.bundle(number) / name).read_bytes()


def test_another_bundle_under_this_ones_name_is_replaced(shelf: Shelf, first: Bundle, second: Bundle) -> None:
    _, wrong = fetch(shelf, shelf.put(second))
    right = wrong.with_name(bundle_folder_name(first.digest))
    wrong.rename(right)
    assert fetch(shelf, shelf.put(first))[0].digest == load_bundle(right).digest == first.digest


def test_many_may_fetch_the_same_bundle_at_once(shelf: Shelf, first: Bundle) -> None:
    version = shelf.reader.version(shelf.put(first))
    with ThreadPoolExecutor(8) as pool:
        fetched = list(pool.map(lambda _: fetch_bundle(shelf.reader, version, shelf.settings.bundles), range(16)))
    assert {bundle.digest for bundle, _ in fetched} == {first.digest}
    assert [path.name for path in shelf.settings.bundles.iterdir()] == [bundle_folder_name(first.digest)]


def test_a_folder_that_cannot_be_written_is_told_with_a_way_out(shelf: Shelf, first: Bundle) -> None:
    number = shelf.put(first)
    shelf.settings.bundles.write_bytes(b"a file where the folder should be")
    with pytest.raises(RegistryError, match=r"cannot be written to .*NEWSDESK_HOME"):
        fetch(shelf, number)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", [lambda data: data[:-9], lambda data: data + b"0", lambda _: b"", bytes.swapcase])
def test_a_bundle_that_was_tampered_with_in_the_registry_is_refused(
    name: str, change: Callable[[bytes], bytes], shelf: Shelf, first: Bundle
) -> None:
    number = shelf.put(first)
    file = shelf.bundle(number) / name
    file.write_bytes(change(file.read_bytes()))
    assert_refused(shelf, number, r"^Version 1 is refused: its bundle")


def test_a_whole_bundle_that_is_not_the_registered_one_is_refused(shelf: Shelf, first: Bundle, second: Bundle) -> None:
    number = shelf.put(first)
    shutil.rmtree(shelf.bundle(number))
    shutil.copytree(shelf.bundle(shelf.put(second)), shelf.bundle(number))
    assert_refused(shelf, number, "not the one that was registered")


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._file),)


def as_pickle(canary: Path) -> bytes:
    return pickle.dumps(Canary(canary))


def as_array(canary: Path) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array([Canary(canary)], dtype=object), allow_pickle=True)
    return file.getvalue()


def as_skops(canary: Path) -> bytes:
    return skops.io.dumps(FunctionTransformer(os.mkdir, kw_args={"path": str(canary)}))


def as_zip(canary: Path) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(f"../../../../../../../..{canary}", "x")
    return file.getvalue()


PAYLOADS = [as_pickle, as_array, as_skops, as_zip]


def test_the_canary_does_appear_where_such_a_payload_is_loaded(tmp_path: Path) -> None:
    pickle.loads(as_pickle(tmp_path / "pickle"))
    np.load(io.BytesIO(as_array(tmp_path / "array")), allow_pickle=True)
    assert (tmp_path / "pickle").is_dir()
    assert (tmp_path / "array").is_dir()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_in_place_of_a_file_is_refused_and_never_runs(
    name: str, payload: Callable[[Path], bytes], shelf: Shelf, first: Bundle, tmp_path: Path
) -> None:
    number = shelf.put(first)
    (shelf.bundle(number) / name).write_bytes(payload(tmp_path / "canary"))
    assert_refused(shelf, number, r"^Version 1 is refused: its bundle")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("name", [VOCABULARY, WEIGHTS])
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_whose_digests_all_fit_is_refused_and_never_runs(
    name: str, payload: Callable[[Path], bytes], shelf: Shelf, first: Bundle, tmp_path: Path
) -> None:
    number = shelf.put_resealed(first, {name: payload(tmp_path / "canary")})
    assert_refused(shelf, number, r"^Version 1 is refused: its bundle")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("name", ["../canary", "/tmp/canary", "model.pkl", "bundle.json", "weights.safetensors/.."])
def test_a_bundle_that_names_other_files_is_refused(name: str, shelf: Shelf, first: Bundle, tmp_path: Path) -> None:
    number = shelf.put_resealed(first, {}, also_named={name: "0" * 64})
    assert_refused(shelf, number, "^Version 1 is refused: its bundle")
    assert not (shelf.settings.home / "canary").exists()


def test_files_beside_the_three_are_left_where_they_are(shelf: Shelf, first: Bundle, tmp_path: Path) -> None:
    number = shelf.put(first)
    (shelf.bundle(number) / "model.pkl").write_bytes(as_pickle(tmp_path / "canary"))
    (shelf.bundle(number) / "__init__.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')")
    _, folder = fetch(shelf, number)
    assert sorted(file.name for file in folder.iterdir()) == sorted(FILES)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("name", FILES)
def test_a_link_out_of_the_artifacts_is_refused_even_to_the_right_content(
    name: str, shelf: Shelf, first: Bundle, tmp_path: Path
) -> None:
    number = shelf.put(first)
    file = shelf.bundle(number) / name
    file.rename(tmp_path / name)
    file.symlink_to(tmp_path / name)
    assert_refused(shelf, number, "not a plain file in its own folder")


def test_a_zip_in_place_of_the_folder_is_refused(shelf: Shelf, first: Bundle, tmp_path: Path) -> None:
    number = shelf.put(first)
    shutil.rmtree(shelf.bundle(number))
    shelf.bundle(number).write_bytes(as_zip(tmp_path / "canary"))
    assert_refused(shelf, number, "cannot be read")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "digest", ["", "sha256:", "sha256:../../../canary", "../canary", "/tmp", "sha256:" + "g" * 64, "md5:" + "0" * 64]
)
def test_a_digest_that_is_none_names_no_folder(digest: str, shelf: Shelf) -> None:
    version: Version = describe(1, 0, {"digest": digest}, {})
    with pytest.raises(RegistryError, match="is not the digest of a bundle"):
        fetch_bundle(shelf.reader, version, shelf.settings.bundles)
    assert not shelf.settings.bundles.exists()


def test_reading_and_fetching_load_no_mlflow(shelf: Shelf, first: Bundle) -> None:
    number = shelf.put(first)
    script = """
import sys
from newsdesk.config.settings import load_settings
from newsdesk.registry.reader import fetch_bundle, open_reader
reader = open_reader(load_settings())
bundle, _ = fetch_bundle(reader, reader.version(sys.argv[1]), load_settings().bundles)
print(bundle.digest, *{name.partition(".")[0] for name in sys.modules})
"""
    environment = os.environ | {"NEWSDESK_HOME": str(shelf.settings.home)}
    done = subprocess.run(
        [sys.executable, "-c", script, number], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    digest, *loaded = done.stdout.split()
    assert digest == first.digest
    assert set(loaded) & {"mlflow", "sklearn", "scipy", "nltk", "pandas", "pyarrow", "skops"} == set()
