"""What a server leaves behind is ended, and everything where the process manager is gone."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import killpg
from signal import SIGKILL

from deploy.local import leftovers
from tests.waiting import eventually

# A server that starts another process, says so, and ends or stays.
ENDS = "sleep 60 & echo $!"
STAYS = "sleep 60 & echo $!; wait"


@contextmanager
def server(script: str) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """It, the first of a process group, and the number of what it started."""
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout
        try:
            yield process, process.stdout.readline().strip()
        finally:
            with suppress(ProcessLookupError):
                killpg(process.pid, SIGKILL)


def told(*events: tuple[str, int]) -> list[str]:
    """What it answers to the process manager's events, of which the first is about itself, and the last the end."""
    command = [sys.executable, leftovers.__file__]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as process:
        lines = [_event("leftovers", "PROCESS_STATE_RUNNING", process.pid)]
        lines += [_event("server", name, number) for name, number in events]
        said, _ = process.communicate("".join(lines), timeout=60)
        assert process.returncode == 0
        return said.splitlines()


def _event(process: str, name: str, number: int) -> str:
    payload = f"processname:{process} groupname:{process} from_state:STARTING pid:{number}"
    return f"ver:3.0 server:supervisor serial:1 eventname:{name} len:{len(payload)}\n{payload}"


def works(process: str) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", process], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")


def test_what_a_server_that_ended_had_started_is_ended() -> None:
    with server(ENDS) as (process, started):
        process.wait(timeout=10)
        assert works(started)
        assert told(("PROCESS_STATE_EXITED", process.pid)) == ["READY", *["RESULT 2", "OKREADY"] * 2]
        eventually(lambda: not works(started), "it has ended")


def test_what_still_runs_when_the_manager_is_gone_is_told_to_end() -> None:
    with server(STAYS) as (process, started):
        told(("PROCESS_STATE_RUNNING", process.pid))
        eventually(lambda: process.poll() is not None and not works(started), "both have ended")


def test_what_has_stopped_is_left_alone_when_the_manager_is_gone() -> None:
    with server(STAYS) as (process, _):
        told(("PROCESS_STATE_RUNNING", process.pid), ("PROCESS_STATE_STOPPED", 2**22 - 1))
        assert process.poll() is None
