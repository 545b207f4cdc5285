"""The inbox: where publishers put tables of articles, in a folder or in an object store."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from newsdesk.articles.readers import is_table, table_stem
from newsdesk.errors import UsageError
from newsdesk.pipeline.storage import StorageError, open_address, storage_errors
from newsdesk.printable import printable
from newsdesk.redaction import redact_address

_LABELS = ".labels"  # news.csv may come with news.labels.csv


class UnfinishedError(StorageError):
    """A table is still being written."""


class InboxTable(NamedTuple):
    """A table at an address, and its file of labels where it has one. `size` in bytes and `modified`, of both, tell
    whether it is as it was."""

    address: str
    labels: str | None
    size: int
    modified: str

    @property
    def name(self) -> str:
        """Its address as it is told and remembered: without secrets, and names of files may be no text."""
        return printable(redact_address(self.address))


class LocalTable(NamedTuple):
    """A table as files on this machine, and the digest of what they hold."""

    table: Path
    labels: Path | None
    digest: str


def tables_in(address: str) -> list[InboxTable]:
    """Every table of the folder at `address`, by name. Other files are ignored.

    An inbox that does not exist yet is empty. Raises `StorageError`, `ConfigError`.
    """
    system, folder = open_address(address)
    with storage_errors(address):
        system.invalidate_cache()
        listing = system.ls(folder, detail=True) if system.isdir(folder) else []
    files = {entry["name"].rpartition("/")[2]: entry for entry in listing if entry["type"] == "file"}
    names = sorted(name for name in files if _is_table(name))
    return [_table(files, name, address) for name in names if not table_stem(name).endswith(_LABELS)]


def table_at(address: str, labels: str | None) -> InboxTable:
    """One table. Raises `UsageError` where there is none, `StorageError`, `ConfigError`."""
    entries = []
    for location in filter(None, (address, labels)):
        system, path = open_address(location)
        with storage_errors(location):
            if not system.isfile(path):
                raise UsageError(f"{redact_address(location)}: there is no such file. Check the address.")
            entries.append(system.info(path))
    return InboxTable(address, labels, sum(entry["size"] for entry in entries), _modified(*entries))


@contextmanager
def local_copy(table: InboxTable, sheet: str | None = None) -> Iterator[LocalTable]:
    """The table's files, copied here where they are elsewhere; another sheet of a workbook is another table.

    Raises `StorageError`, and in the end `UnfinishedError` where they changed meanwhile.
    """
    with TemporaryDirectory() as scratch:
        files = [_local_file(address, Path(scratch)) for address in (table.address, table.labels) if address]
        digest = hashlib.sha256()
        for file in files:
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        digest.update((sheet or "").encode("utf-8", "surrogateescape"))
        yield LocalTable(files[0], files[1] if table.labels else None, digest.hexdigest()[:16])
    if table_at(table.address, table.labels) != table:
        raise UnfinishedError(f"{table.name} changed while it was read. It is taken once it is whole.")


def _table(files: dict[str, Any], name: str, folder: str) -> InboxTable:
    expected = table_stem(name) + _LABELS
    labels = next((other for other in sorted(files) if _is_table(other) and table_stem(other) == expected), None)
    entries = [files[file_name] for file_name in (name, labels) if file_name]
    folder = folder.rstrip("/")
    return InboxTable(
        f"{folder}/{name}",
        f"{folder}/{labels}" if labels else None,
        sum(entry["size"] for entry in entries),
        _modified(*entries),
    )


def _is_table(name: str) -> bool:
    return is_table(name) and not name.lower().startswith((".", "readme", "license"))


def _modified(*entries: dict[str, Any]) -> str:
    """When they were modified, as far as their store tells."""
    keys = ("mtime", "LastModified", "last_modified", "ETag", "etag")
    return " ".join(str(entry[name]) for entry in entries for name in keys if entry.get(name) is not None)


def _local_file(address: str, scratch: Path) -> Path:
    system, path = open_address(address)
    if "file" in system.protocol:
        return Path(path)
    target = scratch / PurePosixPath(path).name
    with storage_errors(address):
        system.get_file(path, str(target))
    return target
