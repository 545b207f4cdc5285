"""How often a client may be wrong about who it is."""

from limits.strategies import FixedWindowRateLimiter

from newsdesk.serving.security.memory import BoundedMemory
from newsdesk.serving.security.rates import parse_limits, seconds_until
from newsdesk.serving.security.refusal import TooMany

MOST_FAILURES = "20/minute"


class FailedAttempts:
    """Counts wrong credentials per client, in memory."""

    def __init__(self) -> None:
        (self._rate,) = parse_limits(MOST_FAILURES)
        self._memory = BoundedMemory()
        self._windows = FixedWindowRateLimiter(self._memory)

    def count(self, who: str) -> None:
        """One more. Raises `TooMany` where it is more than allowed."""
        if not self._windows.hit(self._rate, who):
            self._refuse(who)

    def require_few(self, who: str) -> None:
        """Raises `TooMany` where the allowed number has been used up."""
        if len(self._memory) and not self._windows.test(self._rate, who):
            self._refuse(who)

    def _refuse(self, who: str) -> None:
        wait = seconds_until(self._windows.get_window_stats(self._rate, who).reset_time)
        raise TooMany(wait, "too_many_failures", f"Too many wrong credentials. Try again in {wait} s")
