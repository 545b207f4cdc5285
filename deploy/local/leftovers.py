"""Run by supervisor: end what a server had started and left behind, so that its port is free when it starts again.

Where supervisor itself is killed, everything that it kept is told to end.
"""

import os
import signal
import sys
import time
from contextlib import suppress

EVENTS = ("PROCESS_STATE_RUNNING", "PROCESS_STATE_EXITED", "PROCESS_STATE_STOPPED")
_GRACE = 10  # seconds between being told and being ended


def main() -> None:
    """Take events as supervisor sends them (http://supervisord.org/events.html) until it closes the door."""
    running: dict[str, int] = {}
    while event := _next_event():
        name, process = event["processname"], int(event["pid"])
        if event["eventname"] == "PROCESS_STATE_RUNNING":
            if process != os.getpid():
                running[name] = process
        else:
            running.pop(name, None)
            _tell(process, signal.SIGKILL)
        _say("RESULT 2\nOK")
    for process in running.values():
        _tell(process, signal.SIGTERM)
    time.sleep(_GRACE if running else 0)
    for process in running.values():
        _tell(process, signal.SIGKILL)


def _next_event() -> dict[str, str] | None:
    _say("READY\n")
    head = _pairs(sys.stdin.readline())
    return head | _pairs(sys.stdin.read(int(head["len"]))) if head else None


def _pairs(text: str) -> dict[str, str]:
    return dict(word.split(":", 1) for word in text.split())


def _say(text: str) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(text)
        sys.stdout.flush()


def _tell(process: int, number: int) -> None:
    """A server is the first of its process group."""
    with suppress(ProcessLookupError):
        os.killpg(process, number)


if __name__ == "__main__":
    main()
