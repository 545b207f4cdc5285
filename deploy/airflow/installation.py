"""Airflow in an environment of its own, for its dependencies fit into no other."""

import hashlib
import subprocess
import sys
from pathlib import Path

from newsdesk import atomic
from newsdesk.errors import NewsdeskError

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements" / "airflow.txt"
_PATIENCE = 900  # seconds


def airflow_program() -> Path:
    """The `airflow` command, installed under var/airflow where it is not there yet, which takes a minute.

    Raises `NewsdeskError` where that fails.
    """
    folder = ROOT / "var" / "airflow" / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:16]
    if not (folder / "installed").exists():
        run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        run([*pip, "-r", str(REQUIREMENTS)])
        atomic.write_text(folder / "installed", "")
    return folder / "bin" / "airflow"


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Run a command to its end; what it printed. Raises `NewsdeskError` where it fails."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    if done.returncode != 0:
        raise NewsdeskError(f"{' '.join(command[:3])} failed: {done.stderr[-2000:] or done.stdout[-2000:]}")
    return done.stdout
