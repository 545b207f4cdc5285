"""Requests to stop a command: Ctrl+C, or SIGTERM from whoever started it.

A command that is stopped changes nothing; one that has begun to carry out what was decided ends it first. Only the main
thread gets requests; elsewhere, and where no command runs, all of this does nothing.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM)
_ASKING = (*_STOPPING, signal.SIGHUP)


class Stopped(BaseException):
    """The command was asked to stop. Not `KeyboardInterrupt`, which libraries take for their own: scikit-learn's
    networks end their fit for it, and go on half-fitted."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


class StopRequests:
    """What this process was asked: a handler of signals."""

    def __init__(self) -> None:
        self.asked: int | None = None
        self.is_too_late = False

    def __call__(self, number: int, _: FrameType | None = None) -> None:
        self.asked = self.asked or number
        self.heed()

    def heed(self) -> None:
        """Raises `Stopped` where it was asked for in time."""
        if self.asked is not None and not self.is_too_late:
            raise Stopped(self.asked)

    def close(self) -> None:
        """From now on it is too late. Raises `Stopped` where it was asked for before."""
        was_too_late, self.is_too_late = self.is_too_late, True
        if self.asked is not None and not was_too_late:
            self.is_too_late = False
            self.heed()


def take_stop_requests() -> StopRequests:
    """Let this process be stopped by `Stopped`. What is to be ignored, as by `nohup`, stays ignored."""
    requests = stop_requests()
    if requests is None or requests.is_too_late:  # of a command that has ended
        requests = StopRequests()
    for number in _STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, requests)
    return requests


def release_stop_signals() -> None:
    """Let signals do what they do by themselves: servers have ways of their own to end. Raises `Stopped` where it was
    asked for before."""
    requests = stop_requests()
    if requests is not None:
        for number in _STOPPING:
            if signal.getsignal(number) is requests:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        requests.heed()


def ignore_late_signals() -> None:
    """When the command has ended and Python cleans up, a signal would kill the process as if it had stopped halfway."""
    for number in _STOPPING:
        if isinstance(signal.getsignal(number), StopRequests):
            signal.signal(number, signal.SIG_IGN)


def stop_requests() -> StopRequests | None:
    """What this process was asked, where it takes such requests."""
    handlers = (signal.getsignal(number) for number in _STOPPING)
    return next((handler for handler in handlers if isinstance(handler, StopRequests)), None)


def was_asked_to_stop() -> bool:
    """Whether it was, too late perhaps: then nothing new is begun."""
    requests = stop_requests()
    return requests is not None and requests.asked is not None


def raise_if_stopped() -> None:
    """Raises `Stopped` where it was asked for, and a library has swallowed it."""
    requests = stop_requests()
    if requests is not None and current_thread() is main_thread():
        requests.heed()


def finish_without_stopping() -> None:
    """What was decided is carried out from here on, and told. Raises `Stopped` where it was asked for before."""
    requests = stop_requests()
    if requests is not None and current_thread() is main_thread():
        requests.close()


@contextmanager
def defer_stop() -> Iterator[None]:
    """Keep requests to stop for the end of the `with` block. Other threads than the main one never get them."""
    if current_thread() is not main_thread():
        yield
        return
    received: list[int] = []
    handlers = {signal_number: signal.getsignal(signal_number) for signal_number in _ASKING}
    for signal_number in _ASKING:
        signal.signal(signal_number, lambda number, _: received.append(number))
    try:
        yield
    finally:
        for signal_number, handler in handlers.items():
            signal.signal(signal_number, handler or signal.SIG_DFL)
        for number in received[:1]:
            signal.raise_signal(number)
