"""Packages of npm that tests check with."""

import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

VAR = Path(__file__).parents[2] / "var"


def installed(lock_folder: Path, name: str, missing: Callable[[str], None]) -> Path:
    """A copy of `lock_folder` with the packages of its lock file, installed once for each lock file."""
    if not shutil.which("npm"):
        missing("npm")
    sources = sorted(file for file in lock_folder.iterdir() if file.is_file())
    digest = sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:12]
    folder = VAR / name / digest
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / ".lock"):  # every worker of a test run comes here
        if not (folder / "node_modules").is_dir():
            _install(sources, folder, missing)
    return folder


def _install(sources: list[Path], folder: Path, missing: Callable[[str], None]) -> None:
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)  # of a run that was ended
    draft.mkdir()
    for source in sources:
        shutil.copy(source, draft)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=draft, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        shutil.rmtree(draft)
        missing(f"what {folder.parent.name} needs of npm")
    draft.rename(folder)
