"""Rate limits as people write them."""

import math
import time

from limits import RateLimitItem, parse_many

from newsdesk.errors import UsageError

EXAMPLE = "50/second;100000/day"

Rates = tuple[RateLimitItem, ...]


def parse_rate_limits(text: str) -> Rates:
    """What a text like `50/second;100000/day` allows, shortest window first, so that a burst that is refused does not
    use up the day. Raises `ValueError`.
    """
    rates = tuple(sorted(parse_many(text)))
    if any(rate.amount < 1 or rate.get_expiry() < 1 for rate in rates):
        raise ValueError("a limit of nothing")
    return rates


def require_rate_limit(text: str) -> None:
    """Raises `UsageError` for what is no limit."""
    try:
        parse_rate_limits(text)
    except ValueError:
        raise UsageError(f"{text!r} is no rate limit. Example: {EXAMPLE}.") from None


def seconds_until(moment: float) -> int:
    """Whole seconds until a time in Unix seconds, at least 1, for `Retry-After`."""
    return max(math.ceil(moment - time.time()), 1)
