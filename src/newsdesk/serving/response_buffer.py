"""Answers that wait for a client to take them: a megabyte in memory, more on disk, and never more than has room."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import BinaryIO

_MEMORY_BYTES = 1024 * 1024  # bytes
_DISK_BYTES = 64 * 1024 * 1024  # bytes, for one client
_TOTAL_DISK_BYTES = 256 * 1024 * 1024  # bytes, for all clients of a process
_CHUNK = 64 * 1024  # bytes


@dataclass
class DiskBudget:
    """What the buffers of a process share: how many bytes they may still write to disk."""

    free: int = _TOTAL_DISK_BYTES


class ResponseBuffer:
    """What was answered and not sent yet. `put` only while there `has_room`, which `wait_for_room` waits for."""

    def __init__(self, budget: DiskBudget) -> None:
        self._budget = budget
        self._memory = bytearray()
        self._file: BinaryIO | None = None
        self._written = self._sent = 0  # bytes, of the file
        self._is_closed, self._last = False, b""
        self._changed, self._emptied = asyncio.Event(), asyncio.Event()

    def __enter__(self) -> "ResponseBuffer":
        return self

    def __exit__(self, *_: object) -> None:
        self._drop_file()

    @property
    def has_room(self) -> bool:
        """Whether more may be put in. Of a file only the whole is given back, so that its size is what counts."""
        if self._file is None and len(self._memory) < _MEMORY_BYTES:
            return True
        return self._written < _DISK_BYTES and self._budget.free > 0

    async def wait_for_room(self) -> None:
        """Until the client has taken what waits."""
        while not self.has_room:
            self._emptied.clear()
            await self._emptied.wait()

    def put(self, data: bytes) -> None:
        """Add an answer. Raises `OSError` where the disk takes nothing: what was there before is still sent."""
        if self._file is None and len(self._memory) + len(data) <= _MEMORY_BYTES:
            self._memory += data
        else:
            self._append(data)
        self._changed.set()

    def close(self, last: bytes = b"") -> None:
        """Nothing more comes; `last` goes out in the end, and needs no disk."""
        self._last, self._is_closed = last, True
        self._changed.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is put in, in order, until it is closed."""
        while True:
            if self._memory:  # older than what is in the file
                chunk = bytes(self._memory[:_CHUNK])
                del self._memory[:_CHUNK]
                yield chunk
            elif self._file is not None and self._sent < self._written:
                chunk = os.pread(self._file.fileno(), min(_CHUNK, self._written - self._sent), self._sent)
                self._sent += len(chunk)
                yield chunk
            elif self._is_closed:
                if self._last:
                    yield self._last
                return
            else:
                self._drop_file()
                self._emptied.set()
                self._changed.clear()
                await self._changed.wait()

    def _append(self, data: bytes) -> None:
        if self._file is None:
            self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - closed by _drop_file
        offset = self._written
        while offset < self._written + len(data):
            offset += os.pwrite(self._file.fileno(), data[offset - self._written :], offset)
        self._written = offset
        self._budget.free -= len(data)

    def _drop_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._budget.free += self._written
            self._file, self._written, self._sent = None, 0, 0
