"""Keep rows on disk until the store can take them. Several processes share a folder; a killed one loses nothing."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO
from uuid import uuid4

from newsdesk.atomic import flush_names

_SEGMENT_BYTES = 4 * 1024 * 1024  # a file that has grown so large is left for whoever drains
_BATCH = 500  # rows handed over at once

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
        """Whether nobody left anything here."""
        return next(self._files(), None) is None

    def append(self, rows: Sequence[dict[str, Any]], durable: bool) -> bool:
        """Add rows, all or none; `durable`: they outlive a power cut. False where the spool or the disk is full."""
        lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        with self._lock:
            try:
                if self.used + len(lines) > self._max_bytes:
                    return False
                self._write(lines, durable)
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
        self.close()
        return sum(self._drain_file(path, handle) for path in sorted(self._files()))

    def close(self) -> None:
        """Leave what was appended to whoever drains; appending again begins a new file."""
        with self._lock:
            self._release()

    def _drain_file(self, path: Path, handle: Handle) -> int:
        with _locked(path) as file:
            if file is None:
                return 0
            rows = iter(self._rows(file.read()))
            handed_over = 0
            while batch := list(islice(rows, _BATCH)):
                handle(batch)
                handed_over += len(batch)
            path.unlink()
            return handed_over

    def _rows(self, content: bytes) -> Iterator[dict[str, Any]]:
        for line in content.splitlines():
            try:
                yield dict(json.loads(line))
            except (ValueError, TypeError):
                self.unreadable += 1

    def _write(self, lines: bytes, durable: bool) -> None:
        """At the known end of the file, so that what a failed write has left is written over."""
        if self._file is None:
            self._file, self._size = self._new_file(durable), 0
        try:
            written = 0
            while written < len(lines):
                written += os.pwrite(self._file, lines[written:], self._size + written)
            if durable:
                os.fsync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(lines)

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


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO | None]:
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
