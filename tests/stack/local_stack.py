"""All servers as `make stack` starts them, in a folder and on ports of their own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import httpx

from deploy.local.ports import HOST
from deploy.local.stack import Stack, existing_stack
from deploy.local.supervision import Supervisor
from tests.waiting import PATIENCE, eventually

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class LocalStack:
    """A stack that is up, and the process that keeps it."""

    home: Path
    process: "subprocess.Popen[bytes]"

    @property
    def stack(self) -> Stack:
        """As it is now: it may have been scaled."""
        return existing_stack(self.home)

    @property
    def supervisor(self) -> Supervisor:
        return Supervisor(self.stack)

    def digest(self) -> str:
        """Of the model in charge, as the API tells it."""
        return str(httpx.get(f"{self.api}/model/info", timeout=PATIENCE).json()["digest"])

    @property
    def api(self) -> str:
        return f"http://{HOST}:{self.stack.ports.api}"

    def command(self, *arguments: str) -> str:
        """What `python -m deploy.local` says of this stack."""
        done = run(*arguments, "--home", str(self.home))
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def targets(self) -> list[dict[str, Any]]:
        """What Prometheus scrapes."""
        answer = httpx.get(f"http://{HOST}:{self.stack.ports.prometheus}/api/v1/targets", timeout=PATIENCE).json()
        targets: list[dict[str, Any]] = answer["data"]["activeTargets"]
        return targets


@contextmanager
def local_stack(*arguments: str) -> Iterator[LocalStack]:
    """A new one, from when it is up. Nothing of it is left in the end."""
    home = Path(mkdtemp(prefix="newsdesk-stack-"))
    home.chmod(0o755)  # PostgreSQL, which is another user where we are root, passes through
    try:
        with started(home, *arguments) as running:
            yield running
        assert processes_in(home) == []
    finally:
        shutil.rmtree(home)


@contextmanager
def started(home: Path, *arguments: str) -> Iterator[LocalStack]:
    """The stack in a folder, from when it is up until its block ends, as by Ctrl+C."""
    with (home / "up.log").open("wb") as log:
        command = [sys.executable, "-m", "deploy.local", "up", "--home", str(home), "--free-ports", *arguments]
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        eventually(lambda: _is_up(home / "up.log", process), "all servers are up", seconds=400)
        yield LocalStack(home, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """`python -m deploy.local` with these arguments."""
    command = [sys.executable, "-m", "deploy.local", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


def processes_in(home: Path) -> list[str]:
    """The command lines of processes that work in a folder, or below it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(home):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:  # it has ended
            continue
    return found


def _is_up(log: Path, process: "subprocess.Popen[bytes]") -> bool:
    said = log.read_text(encoding="utf-8")
    assert process.poll() is None, said
    return "All is up" in said


def kill(process: int) -> None:
    """End a process at once, as running out of memory would."""
    os.kill(process, signal.SIGKILL)
