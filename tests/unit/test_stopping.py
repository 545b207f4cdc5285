"""Requests to stop come through whatever libraries do with them, and not into the middle of what must be whole."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from newsdesk.stopping import (
    Stopped,
    StopRequests,
    defer_stop,
    finish_without_stopping,
    raise_if_stopped,
    release_stop_signals,
    stop_requests,
    take_stop_requests,
)

NUMBERS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture
def requests() -> Iterator[StopRequests]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, where the suite runs in the background
    yield take_stop_requests()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_request_ends_what_is_done_with_the_exit_code_that_shells_give(
    requests: StopRequests, number: int, exit_code: int
) -> None:
    with pytest.raises(Stopped) as stopped:
        signal.raise_signal(number)
    assert stopped.value.exit_code == exit_code
    assert requests.asked == number


def test_no_library_takes_it_for_an_error_or_for_a_ctrl_c_of_its_own() -> None:
    assert not issubclass(Stopped, Exception | KeyboardInterrupt)


@pytest.mark.usefixtures("requests")
def test_one_that_was_swallowed_is_heeded_at_the_next_step() -> None:
    with suppress(BaseException):
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(Stopped):
        raise_if_stopped()


@pytest.mark.usefixtures("requests")
def test_one_that_was_swallowed_keeps_what_was_decided_from_being_carried_out() -> None:
    with suppress(BaseException):
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(Stopped):
        finish_without_stopping()


@pytest.mark.parametrize("number", NUMBERS)
def test_one_that_comes_too_late_interrupts_nothing(requests: StopRequests, number: int) -> None:
    finish_without_stopping()
    signal.raise_signal(number)
    with defer_stop():
        signal.raise_signal(number)
    raise_if_stopped()
    finish_without_stopping()
    assert requests.asked == number


@pytest.mark.usefixtures("requests")
def test_one_that_comes_into_what_must_be_whole_waits_for_its_end() -> None:
    done = []

    def write() -> None:
        with defer_stop():
            signal.raise_signal(signal.SIGINT)
            done.append("whole")

    with pytest.raises(Stopped):
        write()
    assert done == ["whole"]


def test_what_is_to_be_ignored_stays_ignored(requests: StopRequests) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert take_stop_requests() is requests
    signal.raise_signal(signal.SIGINT)
    assert requests.asked is None


@pytest.mark.usefixtures("requests")
def test_a_server_has_signals_to_itself() -> None:
    release_stop_signals()
    assert stop_requests() is None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_next_command_in_a_process_can_be_stopped_again(requests: StopRequests) -> None:
    finish_without_stopping()
    assert take_stop_requests() is not requests
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGINT)


# A global is destroyed when Python has given signals back their own effects.
ENDING = """
import os
import sys


class Last:
    def __del__(self, kill=os.kill, process=os.getpid()):
        kill(process, NUMBER)


last = Last()
sys.argv = ["newsdesk", "version"]
from newsdesk.__main__ import main

main()
"""


@pytest.mark.parametrize("number", NUMBERS)
def test_one_that_comes_while_python_cleans_up_changes_nothing(number: int) -> None:
    script = ENDING.replace("NUMBER", str(int(number)))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
