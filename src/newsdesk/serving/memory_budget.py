"""How many bytes of texts may wait in memory."""

from collections.abc import Iterable
from threading import Lock

_MAX_CHARACTER_BYTES = 4  # bytes of a character, in a text that is not ASCII


class MemoryBudget:
    """Shared by those who let texts wait and those who take them out. Safe to use from several threads."""

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes`: for all texts together."""
        self._max_bytes = max_bytes
        self._used = 0
        self._lock = Lock()

    @property
    def used(self) -> int:
        """Bytes."""
        return self._used

    def take(self, text: str) -> bool:
        """Whether the text may wait; then it counts."""
        size = size_of(text)
        with self._lock:
            if self._used + size > self._max_bytes:
                return False
            self._used += size
        return True

    def give_back(self, texts: Iterable[str | None]) -> None:
        """They wait no more."""
        size = sum(map(size_of, texts))
        with self._lock:
            self._used -= size


def size_of(text: str | None) -> int:
    """At least what it takes in memory, in bytes. Always the same, where what Python says of it grows with its use."""
    if text is None:
        return 0
    return len(text) if text.isascii() else _MAX_CHARACTER_BYTES * len(text)
