"""Environments of their own for programs whose dependencies fit into no other, each from a lock file with hashes."""

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.packages import InstallationError, install
from newsdesk import atomic
from newsdesk.errors import NewsdeskError

_PATIENCE = 900  # seconds


def locked_environment(folder: Path, requirements: Path, *options: str) -> Path:
    """The programs of the environment that `requirements` lists, installed below `folder` where it is not there yet,
    which takes a minute.

    Raises `NewsdeskError` where that fails.
    """
    home = folder / hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    with _alone(folder):
        if (home / "installed").exists():
            return home / "bin"
        run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(home)])
        try:
            install(home / "bin" / "python", requirements, *options)
        except InstallationError as error:
            raise NewsdeskError(str(error)) from error
        atomic.write_text(home / "installed", "")
    return home / "bin"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Who comes second waits, and finds it installed."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Run a command to its end; what it printed. Raises `NewsdeskError` where it fails."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode != 0:
        raise NewsdeskError(f"{' '.join(command[:3])} failed: {done.stderr[-2000:] or done.stdout[-2000:]}")
    return done.stdout
