"""Counters of rate limits in the memory of this process."""

import time
from collections import OrderedDict
from collections.abc import Callable

from limits.storage import Storage

MOST_COUNTERS = 100_000  # about 25 MB


class BoundedMemoryStorage(Storage):
    """A storage for `limits` that never grows beyond `max_counters`, and whose cost does not grow with them.

    Those of `limits` itself keep every counter until it expires and look through all of them after each hit (the
    synchronous one in a new thread), so that a caller with many addresses and a limit per day could fill the memory.
    Here the counter that was used least recently makes room. Windows end by `clock`, in seconds, which nobody sets: one
    that is put back would refuse for hours, one that is put forward forget. Not for use by several threads.
    """

    STORAGE_SCHEME = ["newsdesk+memory"]  # noqa: RUF012 - typed so by limits

    def __init__(self, max_counters: int = MOST_COUNTERS, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._max_counters, self._clock = max_counters, clock
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()  # hits, and the time at which they end

    def __len__(self) -> int:
        return len(self._counters)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = self._clock()
        hits, expires = self._counters.get(key, (0, now))
        if expires <= now:
            hits, expires = 0, now + expiry
        self._counters[key] = (hits + amount, expires)
        self._counters.move_to_end(key)
        if len(self._counters) > self._max_counters:
            self._counters.popitem(last=False)
        return hits + amount

    def get(self, key: str) -> int:
        now = self._clock()
        hits, expires = self._counters.get(key, (0, now))
        return hits if expires > now else 0

    def get_expiry(self, key: str) -> float:
        """In Unix seconds, as `limits` wants it."""
        now = self._clock()
        return time.time() + self._counters.get(key, (0, now))[1] - now

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        count = len(self._counters)
        self._counters.clear()
        return count

    def clear(self, key: str) -> None:
        self._counters.pop(key, None)
