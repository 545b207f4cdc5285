"""A server as a process of its own: started, waited for, weighed, stopped with everything it started."""

import http.client
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

PATIENCE = 90  # seconds until a server that does not answer counts as broken


class ServerError(Exception):
    """The server ended, or did not answer in time."""


@dataclass(frozen=True)
class Memory:
    """Resident memory in megabytes (10^6 bytes) of all processes of a server together, and of the largest."""

    processes: int
    total: float
    largest: float


@dataclass(frozen=True)
class Server:
    """A server that answered, and the seconds from the start of its process to its first good answer."""

    process: int
    port: int
    cold_start: float

    def memory(self) -> Memory:
        sizes = [size for size in (_resident(member) for member, _ in _family(self.process)) if size]
        return Memory(len(sizes), sum(sizes) / 1e6, max(sizes) / 1e6)

    def processor_seconds(self) -> float:
        """What all its processes have had of the processors so far."""
        return sum(status.processor for member, _ in _family(self.process) if (status := _stat(member)))


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, port: int, path: str, body: bytes
) -> Iterator[Server]:
    """Start `command` in `folder`, wait until `body` posted to `path` is answered with 200, and stop it in the end.

    What it prints goes to `output.log` in that folder. Raises `ServerError`.
    """
    with (folder / "output.log").open("wb") as log:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=dict(os.environ) | dict(environment),
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        while (status := _status(port, path, body)) != HTTPStatus.OK:
            if process.poll() is not None:
                raise ServerError(f"it ended with exit code {process.returncode}, see output.log in {folder.name}")
            if time.perf_counter() - begun > PATIENCE:
                said = f"answered {status}" if status else "did not answer"
                raise ServerError(f"after {PATIENCE} s it {said}, see output.log in {folder.name}")
            time.sleep(0.01)
        yield Server(process.pid, port, time.perf_counter() - begun)
    finally:
        _stop(process)


def post(port: int, path: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _status(port: int, path: str, body: bytes) -> int | None:
    """Of an answer; None where there is none."""
    try:
        return post(port, path, body)[0]
    except (OSError, http.client.HTTPException):
        return None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """A process that outlives its parent is ended, too; by number and age, since numbers are given again."""
    family = _family(process.pid)
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=15)
    for member, age in family:
        status = _stat(member)
        if status and status.age == age:
            with suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
    process.wait(timeout=15)


@dataclass(frozen=True)
class _Stat:
    parent: int
    age: int  # ticks from the machine's start to its own
    processor: float  # seconds


def _stat(process: int) -> _Stat | None:
    """None where the process is gone. Fields: proc(5)."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        processor = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return _Stat(int(fields[1]), int(fields[19]), processor)
    except OSError:
        return None


def _family(process: int) -> list[tuple[int, int]]:
    """A process and all that it and they started, as (number, age)."""
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    known = {number: status for number in numbers if (status := _stat(number))}
    found = [process] if process in known else []
    for parent in found:  # grows while it is walked
        found += [number for number, status in known.items() if status.parent == parent]
    return [(number, known[number].age) for number in found]


def _resident(process: int) -> int:
    """Bytes; 0 where the process is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
