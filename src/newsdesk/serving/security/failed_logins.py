"""How often a client may be wrong about who it is."""

from limits.strategies import FixedWindowRateLimiter

from newsdesk.serving.security.access_errors import RateLimited
from newsdesk.serving.security.limit_parsing import parse_rate_limits, seconds_until
from newsdesk.serving.security.memory_storage import BoundedMemoryStorage

MOST_FAILURES = "20/minute"


class FailedLogins:
    """Counts wrong credentials per client, in memory."""

    def __init__(self) -> None:
        (self._rate,) = parse_rate_limits(MOST_FAILURES)
        self._memory = BoundedMemoryStorage()
        self._windows = FixedWindowRateLimiter(self._memory)

    def count(self, key: str) -> None:
        """One more. Raises `RateLimited` where it is more than allowed."""
        if not self._windows.hit(self._rate, key):
            self._refuse(key)

    def require_few(self, key: str) -> None:
        """Raises `RateLimited` where the allowed number has been used up."""
        if len(self._memory) and not self._windows.test(self._rate, key):
            self._refuse(key)

    def _refuse(self, key: str) -> None:
        seconds = seconds_until(self._windows.get_window_stats(self._rate, key).reset_time)
        raise RateLimited(seconds, "too_many_failures", f"Too many wrong credentials. Try again in {seconds} s")
