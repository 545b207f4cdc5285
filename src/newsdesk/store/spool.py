"""Keep rows on disk until the store can take them. Several processes share a folder; a killed one loses nothing."""

import errno
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO
from uuid import uuid4

from newsdesk.atomic import flush_names

_SEGMENT_BYTES = 4 * 1024 * 1024  # a file that has grown so large is left for whoever drains
_BATCH, _BATCH_BYTES = 500, 4 * 1024 * 1024  # rows handed over at once, unless fewer are so long
_CHUNK_BYTES = 1024 * 1024  # written at once, but for a row that is longer

Handle = Callable[[list[dict[str, Any]]], None]


class Spool:
    """JSON Lines files `<name>-….jsonl` in a folder. A process holds the lock of the file it writes; a file that nobody
    holds is anybody's to drain. Safe to use from several threads."""

    def __init__(self, folder: Path, name: str, max_bytes: int) -> None:
        """`max_bytes`: limit to all spool files of that name in the folder together."""
        self._folder = folder
        self._name = name
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._file: int | None = None
        self._size = 0
        self.unreadable = 0  # lines that a killed process left half-written

    @property
    def is_empty(self) -> bool:
        """Whether there are no files to drain."""
        return next(self._files(), None) is None

    def append(self, rows: Iterable[dict[str, Any]], durable: bool) -> bool:
        """Add rows, all or none; `durable`: they outlive a power cut. False where the spool or the disk is full."""
        with self._lock:
            try:
                self._write(rows, durable, self._max_bytes - self.used)
            except OSError:
                return False
            if self._size > _SEGMENT_BYTES:
                self._release()
        return True

    def drain(self, handle: Handle) -> int:
        """Hand over, oldest file first, what this process and processes that ended have left; how many rows it was.

        A file goes only after `handle` has returned for all of it, so rows may come twice and `handle` must not mind.
        What `handle` raises ends the draining, and nothing is lost.
        """
        count = sum(self._drain_file(path, handle) for path in sorted(self._files()))
        self.close()  # only now: while nothing can be handed over, it goes on to grow, and no more files are made
        return count + sum(self._drain_file(path, handle) for path in sorted(self._files()))

    def close(self) -> None:
        """Leave what was appended to whoever drains; appending again begins a new file."""
        with self._lock:
            self._release()

    def _drain_file(self, path: Path, handle: Handle) -> int:
        with _lock_file(path) as file:
            if file is None:
                return 0
            handed_over = 0
            for batch in self._batches(file):
                handle(batch)
                handed_over += len(batch)
            path.unlink()
            return handed_over

    def _batches(self, lines: Iterable[bytes]) -> Iterator[list[dict[str, Any]]]:
        rows, length = [], 0
        for line in lines:
            try:
                rows.append(dict(json.loads(line)))
            except (ValueError, TypeError):
                self.unreadable += 1
            length += len(line)
            if rows and (len(rows) == _BATCH or length > _BATCH_BYTES):
                yield rows
                rows, length = [], 0
        if rows:
            yield rows

    def _write(self, rows: Iterable[dict[str, Any]], durable: bool, room: int) -> None:
        """At the known end of the file, so that what a failed write has left is written over. Raises `OSError`, also
        where it were more than `room` bytes."""
        if self._file is None:
            self._file, self._size = self._new_file(durable), 0
        position = self._size
        try:
            for chunk in _chunks(rows):
                if position + len(chunk) > self._size + room:
                    raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
                written = 0
                while written < len(chunk):
                    written += os.pwrite(self._file, memoryview(chunk)[written:], position + written)
                position += written
            if durable:
                os.fsync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size = position

    def _new_file(self, durable: bool) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = self._folder / f"{self._name}-{time.time_ns()}-{uuid4().hex}.jsonl"
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file).st_nlink:
                break
            os.close(file)  # somebody took the new file for an orphan before it was locked
        if durable:
            flush_names(self._folder)
        return file

    def _release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def used(self) -> int:
        """Bytes that all spool files of that name take."""
        return sum(_size(path) for path in self._files())

    def _files(self) -> Iterator[Path]:
        return self._folder.glob(f"{self._name}-*.jsonl")


def _chunks(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Rows as lines, many of them together, so that never all of them are in memory once more."""
    chunk = bytearray()
    for row in rows:
        chunk += json.dumps(row).encode() + b"\n"
        if len(chunk) > _CHUNK_BYTES:
            yield bytes(chunk)
            chunk.clear()
    yield bytes(chunk)


@contextmanager
def _lock_file(path: Path) -> Iterator[BinaryIO | None]:
    """The file, held; None where somebody else holds it or has drained it."""
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
            return
        yield file if os.fstat(file.fileno()).st_nlink else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # drained meanwhile
        return 0
