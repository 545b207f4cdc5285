"""Wait for what comes about by itself."""

import time
from collections.abc import Callable

PATIENCE = 60  # seconds; what comes about sooner is not waited for


def eventually(condition: Callable[[], bool], what: str = "it did not come about", seconds: int = PATIENCE) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)
