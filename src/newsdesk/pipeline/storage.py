"""Share folders between machines: in an object store or on a volume, at whatever address fsspec understands.

A folder's manifest is written last and read first, so that one that is half there is not there yet.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from newsdesk import atomic
from newsdesk.articles.dataset import MANIFEST, Dataset, read_dataset
from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError, DataError, NewsdeskError
from newsdesk.redaction import redact, redact_address, secrets_in


class StorageError(NewsdeskError):
    """The shared storage does not answer, or lacks what was asked for."""

    code = "storage"
    may_pass = True


class Storage:
    """The folders under `NEWSDESK_HOME`, and where `NEWSDESK_STORAGE` names an address, the same folders there."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home
        self._address = settings.storage
        self._system: Any = None
        self._root = ""
        if self._address:
            self._system, self._root = open_address(self._address)

    def share(self, folder: Path, manifest: str) -> None:
        """Copy a folder of `NEWSDESK_HOME` there, `manifest` last. Raises `StorageError`."""
        if self._system is None:
            return
        with storage_errors(self._address):
            remote = f"{self._root}/{folder.relative_to(self._home).as_posix()}"
            files = sorted((path for path in folder.iterdir()), key=lambda path: path.name == manifest)
            for file in files:
                self._put(file, f"{remote}/{file.name}")

    def fetch(self, folder: Path, manifest: str, *, may_change: bool = False) -> bool:
        """Fetch a folder of `NEWSDESK_HOME` from the storage if it is missing here; whether it is here now. Where it
        `may_change`, it is fetched again when its manifest there differs. Raises `StorageError`."""
        is_here = (folder / manifest).is_file()
        if self._system is None or (is_here and not may_change):
            return is_here
        with storage_errors(self._address):
            remote = f"{self._root}/{folder.relative_to(self._home).as_posix()}"
            if not self._system.exists(f"{remote}/{manifest}"):
                return is_here
            if is_here and self._system.cat_file(f"{remote}/{manifest}") == (folder / manifest).read_bytes():
                return True
            with atomic.new_folder(folder) as draft:
                for path in self._system.ls(remote, detail=False):
                    self._system.get_file(path, str(draft / path.rpartition("/")[2]))
        return True

    def names(self, folder: Path) -> set[str]:
        """The names of what is in a folder of `NEWSDESK_HOME`, here or there. Raises `StorageError`."""
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if self._system is not None:
            with storage_errors(self._address):
                remote = f"{self._root}/{folder.relative_to(self._home).as_posix()}"
                self._system.invalidate_cache()
                if self._system.isdir(remote):
                    names |= {path.rstrip("/").rpartition("/")[2] for path in self._system.ls(remote, detail=False)}
        return {name for name in names if not name.startswith(".")}

    def _put(self, file: Path, target: str) -> None:
        self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
        if "file" not in self._system.protocol:  # an object appears whole
            self._system.put_file(str(file), target)
            return
        draft = f"{target}.{uuid4().hex}"
        self._system.put_file(str(file), draft)
        Path(draft).replace(target)


def find_dataset(settings: Settings, version: str) -> Dataset | None:
    """The dataset of that version, from the storage where it is not here; None where it is gone, or not whole. Raises
    `StorageError`."""
    folder = settings.datasets / version
    try:
        return read_dataset(folder) if Storage(settings).fetch(folder, MANIFEST) else None
    except DataError:
        return None


def find_dataset_if_reachable(settings: Settings, version: str) -> Dataset | None:
    """The same; None also where the storage is away."""
    try:
        return find_dataset(settings, version)
    except StorageError:
        return None


def open_address(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it. Raises `ConfigError`."""
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(address)
    except (ValueError, ImportError) as error:
        message = redact(str(error), secrets_in(address))
        raise ConfigError(
            f"'{redact_address(address)}' cannot be opened: {message}. Give a folder, or an address such as "
            "s3://bucket/folder with the package that reads it (for S3: pip install 'newsdesk[s3]')."
        ) from error
    return system, path.rstrip("/")


@contextmanager
def storage_errors(address: str | None) -> Iterator[None]:
    """Turn errors of the storage at `address` into one sentence. Raises `StorageError`."""
    try:
        yield
    except NewsdeskError:
        raise
    except OSError as error:
        message = redact(error.strerror or type(error).__name__, secrets_in(address or ""))
        sentence = f"The storage at {redact_address(address or '')} fails: {message}"
        raise StorageError(f"{sentence}. Look at NEWSDESK_STORAGE and the rights there.") from error
    except Exception as error:  # every store has errors of its own
        raise StorageError(
            f"The storage at {redact_address(address or '')} fails ({type(error).__name__}). "
            "Look at NEWSDESK_STORAGE and the rights there."
        ) from error
