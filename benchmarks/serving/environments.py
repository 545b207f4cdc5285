"""Peers whose pins conflict with newsdesk's get a virtual environment of their own, made once."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LONGEST_INSTALL = 900  # seconds


class EnvironmentUnavailableError(Exception):
    """The packages cannot be installed here."""


@dataclass(frozen=True)
class PeerEnvironment:
    """A virtual environment with exactly these requirements and what they need."""

    name: str
    requirements: tuple[str, ...]

    def ready_in(self, folder: Path) -> Path:
        """The folder of its programs, installed first where it is not. Raises `EnvironmentUnavailableError`."""
        home = folder / self.name
        marker, wanted = home / "installed.txt", "\n".join(self.requirements)
        if not marker.is_file() or marker.read_text(encoding="utf-8") != wanted:
            self._run([sys.executable, "-m", "venv", "--clear", str(home)])
            pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            self._run([*pip, *self.requirements])
            marker.write_text(wanted, encoding="utf-8")
        return home / "bin"

    def _run(self, command: list[str]) -> None:
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_INSTALL, check=False)
        except subprocess.TimeoutExpired as error:
            raise EnvironmentUnavailableError(f"{self.name} did not install within {LONGEST_INSTALL} s") from error
        if done.returncode:
            reason = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
            raise EnvironmentUnavailableError(f"{self.name} could not be installed: {reason[-1][:300]}")
