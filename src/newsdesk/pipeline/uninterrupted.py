"""Let what was begun end, whoever asks the process to stop meanwhile."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread

_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Keep requests to stop for the end of the `with` block. Other threads than the main one never get them."""
    if current_thread() is not main_thread():
        yield
        return
    asked: list[int] = []
    before = {asked_by: signal.getsignal(asked_by) for asked_by in _ASKING}
    for asked_by in _ASKING:
        signal.signal(asked_by, lambda number, _: asked.append(number))
    try:
        yield
    finally:
        for asked_by, handler in before.items():
            signal.signal(asked_by, handler or signal.SIG_DFL)
        for number in asked[:1]:
            signal.raise_signal(number)
