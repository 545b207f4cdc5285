"""Packed files: unpacked into a temporary file, never by a name of theirs, and never more than a table may hold."""

import bz2
import gzip
import lzma
import os
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, BinaryIO, Protocol

from newsdesk.articles.readers.file_types import SUFFIXES, table_type
from newsdesk.errors import DataError, UsageError

MOST_BYTES = 4 << 30  # unpacked
MOST_TIMES = (
    200  # that a file may grow by; text packs to a tenth, what packs to less than 1/200 was made to fill a disk
)
ALWAYS_ALLOWED = 64 << 20  # unpacked bytes that are no harm, however small the file
_CHUNK = 1 << 20


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int = -1, /) -> bytes: ...


class Writable(Protocol):
    """What bytes go to."""

    def write(self, chunk: bytes, /) -> Any: ...


@dataclass(frozen=True, eq=False)
class TableFile:
    """A table's bytes: `path` as the user named it, for messages; `content` is the file that holds them, unpacked."""

    path: Path
    content: Path
    kind: str

    def start(self, size: int) -> bytes:
        """The first bytes."""
        with self.content.open("rb") as file:
            return file.read(size)


def unpack(path: Path) -> TableFile:
    """The table at `path`, unpacked where it is packed. Raises `DataError`, `UsageError`."""
    kind = table_type(path.name)
    if kind is None:
        raise UsageError(f"{path} is packed, and its name does not tell what is in it. Name it as in news.csv.gz.")
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return _unpack_zip(path)
    with unpacking_errors(path):
        match suffix:
            case ".gz":
                return _unpack(path, kind, gzip.open(path))
            case ".bz2":
                return _unpack(path, kind, bz2.open(path))
            case ".xz":
                return _unpack(path, kind, lzma.open(path))
            case ".zst":
                from pyarrow import input_stream

                return _unpack(path, kind, input_stream(path, compression="zstd"))
    return TableFile(path, path, kind)


def bounded_copy(packed: Readable, target: Writable, allowed: int, path: Path) -> int:
    """Copy what unpacks from `packed`; its size in bytes. Raises `DataError` beyond `allowed`."""
    size = 0
    while chunk := packed.read(_CHUNK):
        size += len(chunk)
        if size > allowed:
            raise DataError(
                f"{path} unpacks to more than {allowed >> 20:,} MiB, more than a table of articles would. "
                "Unpack it yourself, and give what is in it."
            )
        target.write(chunk)
    return size


def allowed_size(packed: int) -> int:
    """How many bytes a file of `packed` bytes may unpack to."""
    return min(MOST_BYTES, max(ALWAYS_ALLOWED, packed * MOST_TIMES))


def temporary_file() -> tuple[Path, BinaryIO]:
    """A new temporary file, open for writing."""
    descriptor, name = tempfile.mkstemp(prefix="newsdesk-")
    return Path(name), os.fdopen(descriptor, "wb")


def _unpack(path: Path, kind: str, packed: Any) -> TableFile:
    content, target = temporary_file()
    file = TableFile(path, content, kind)
    weakref.finalize(file, content.unlink, missing_ok=True)  # rows are read as long as somebody holds the file
    with packed, target:
        size = bounded_copy(packed, target, allowed_size(path.stat().st_size), path)
    if size == 0:
        raise DataError(f"{path} holds an empty file. Give a table with a header and labelled articles.")
    return file


def _unpack_zip(path: Path) -> TableFile:
    with unpacking_errors(path), zipfile.ZipFile(path) as archive:
        files = [info for info in archive.infolist() if not info.is_dir() and not _is_litter(info.filename)]
        tables = [info for info in files if PurePath(info.filename).suffix.lower() in SUFFIXES]
        if len(tables) > 1:
            tables = [info for info in tables if not _is_note(info.filename)] or tables
        if len(tables) != 1:
            names = ", ".join(_display_name(info.filename) for info in (tables or files)[:5]) or "nothing"
            content = "no table" if not tables else f"{len(tables)} tables"
            raise DataError(f"{path} holds {content} ({names}). Unpack it, and give the table that is meant.")
        if tables[0].flag_bits & 1:
            raise DataError(f"{path} is locked with a password. Unpack it yourself, and give the table in it.")
        return _unpack(path, SUFFIXES[PurePath(tables[0].filename).suffix.lower()], archive.open(tables[0]))


def _is_litter(name: str) -> bool:
    """What macOS and others leave in archives."""
    return any(part.startswith((".", "__MACOSX")) and part != ".." for part in PurePath(name).parts)


def _is_note(name: str) -> bool:
    """A note that lies beside the table."""
    return PurePath(name).suffix.lower() == ".txt" or PurePath(name).stem.lower() in ("readme", "metadata")


def _display_name(name: str) -> str:
    return PurePath(name).name.encode("ascii", "backslashreplace").decode()[:60]


@contextmanager
def unpacking_errors(path: Path) -> Iterator[None]:
    """Raises `DataError` for what is damaged."""
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as e:
        if isinstance(e, OSError) and e.errno:  # of the disk, not of the content
            raise DataError(f"{path} cannot be unpacked: {e.strerror}. Make room, or unpack it yourself.") from e
        raise DataError(
            f"{path} cannot be unpacked: it is damaged or cut off. Pack it again, or give it unpacked."
        ) from e
