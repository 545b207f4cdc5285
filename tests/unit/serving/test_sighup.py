"""SIGHUP: what is sent to all when a terminal is closed."""

import os
import signal
from collections.abc import Iterator

import pytest

from newsdesk.serving.sighup import treat_sighup_as_sigterm


@pytest.fixture(autouse=True)
def _handlers_as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_it_ends_a_process_as_sigterm_does() -> None:
    ended: list[int] = []
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    treat_sighup_as_sigterm()
    os.kill(os.getpid(), signal.SIGHUP)
    assert ended == [signal.SIGTERM]


def test_it_is_ignored_where_nohup_says_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    treat_sighup_as_sigterm()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
