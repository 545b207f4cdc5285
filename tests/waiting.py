"""Wait for what comes about by itself."""

import time
from collections.abc import Callable

PATIENCE = 60  # seconds; what comes about sooner is not waited for


def eventually(condition: Callable[[], bool], what: str = "it did not come about", seconds: int = PATIENCE) -> None:
    """Wait until it is so. The longer it takes, the less often it is looked at: looking is work, too, for a server that
    is asked as well.
    """
    begun = time.monotonic()
    while not condition():
        waited = time.monotonic() - begun
        assert waited < seconds, f"not within {seconds} s: {what}"
        time.sleep(min(0.02 + waited / 20, 0.25))
