import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.errors import UsageError
from newsdesk.serving.security.limit_parsing import parse_rate_limits, require_rate_limit, seconds_until

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}


@given(st.lists(st.tuples(st.integers(1, 10**9), st.sampled_from(sorted(UNITS))), min_size=1, max_size=4))
def test_limits_are_read_with_the_shortest_window_first(wanted: list[tuple[int, str]]) -> None:
    rates = parse_rate_limits(";".join(f"{amount}/{unit}" for amount, unit in wanted))
    windows = [rate.get_expiry() for rate in rates]
    assert windows == sorted(windows)
    assert sorted((rate.amount, rate.get_expiry()) for rate in rates) == sorted((n, UNITS[unit]) for n, unit in wanted)


@pytest.mark.parametrize("text", ["", "often", "50", "50/", "/second", "0/second", "-1/second", "5/week", "5/second;;"])
def test_what_is_no_limit_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="Example: 50/second;100000/day"):
        require_rate_limit(text)


@pytest.mark.parametrize("text", ["50/second", "50 per minute", "10/5minutes", "50/second;1000000/day"])
def test_what_is_a_limit_passes(text: str) -> None:
    require_rate_limit(text)


def test_whoever_waits_as_told_does_not_come_too_early() -> None:
    assert seconds_until(time.time() - 5) == 1
    assert 10 <= seconds_until(time.time() + 9.9) <= 10
