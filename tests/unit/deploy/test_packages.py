"""Locked environments are installed by uv, and by pip where uv cannot."""

import hashlib
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from deploy import packages

NAME = "newsdesk_tiny"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """That of an environment without pip."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "own")], check=True)
    return tmp_path / "own" / "bin" / "python"


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lock file of one small package, in an index of which pip alone is told."""
    links = tmp_path / "simple" / NAME.replace("_", "-")
    links.mkdir(parents=True)
    wheel, told = links / f"{NAME}-1.0-py3-none-any.whl", f"{NAME}-1.0.dist-info"
    with ZipFile(wheel, "w") as archive:
        archive.writestr(f"{NAME}.py", "")
        archive.writestr(f"{told}/METADATA", f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
        archive.writestr(f"{told}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{told}/RECORD", "")
    (links / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>', encoding="utf-8")
    monkeypatch.setenv("PIP_INDEX_URL", links.parent.as_uri())
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock = tmp_path / "lock.txt"
    lock.write_text(f"{NAME}==1.0 --hash=sha256:{digest}\n", encoding="utf-8")
    return lock


def has_it(python: Path) -> bool:
    return subprocess.run([str(python), "-c", f"import {NAME}"], capture_output=True, check=False).returncode == 0


def test_uv_finds_what_pip_was_told_of(python: Path, lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not packages._UV.is_file():
        pytest.skip("uv is not in this environment: make installs it")
    monkeypatch.setattr(packages, "_LONGEST_PIP", 0)
    packages.install(python, lock)
    assert has_it(python)


@pytest.mark.parametrize("uv", ["missing", "at a loss"])
def test_pip_installs_where_uv_cannot(
    python: Path, lock: Path, uv: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "uv"
    if uv == "at a loss":
        program.write_text("#!/bin/sh\nexit 2\n", encoding="utf-8")
        program.chmod(0o700)
    monkeypatch.setattr(packages, "_UV", program)
    packages.install(python, lock)
    assert has_it(python)


@pytest.mark.parametrize("is_forbidden", [True, False])
@pytest.mark.parametrize("uv", ["uv", "pip"])
def test_modules_are_compiled_at_once_only_where_no_start_may_keep_what_it_has_compiled(
    python: Path, lock: Path, uv: str, is_forbidden: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if uv == "pip":
        monkeypatch.setattr(packages, "_UV", tmp_path / "uv")
    elif not packages._UV.is_file():
        pytest.skip("uv is not in this environment: make installs it")
    monkeypatch.setattr(sys, "dont_write_bytecode", is_forbidden)
    packages.install(python, lock)
    assert bool(list(tmp_path.glob(f"own/lib/*/site-packages/__pycache__/{NAME}.*.pyc"))) == is_forbidden


def test_what_has_another_hash_is_installed_by_neither(python: Path, lock: Path) -> None:
    lock.write_text(f"{NAME}==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    with pytest.raises(packages.InstallationError, match=r"lock\.txt"):
        packages.install(python, lock)
    assert not has_it(python)
