"""Install what a lock file with hashes lists: with uv, which takes seconds where pip takes minutes, or with pip.

`python deploy/packages.py requirements/dev.txt` installs into the Python that runs it. The standard library alone is
used: nothing else is there yet.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

# Where packages come from, as pip may have been told, and what uv calls it. Hashes say that they are the right ones.
_SAME_AS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
_UV = Path(sys.executable).with_name("uv")
_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
_LONGEST_UV, _LONGEST_PIP = 300, 900  # seconds


class InstallationError(Exception):
    """Neither could install it."""


def install(python: Path, requirements: Path, *options: str) -> None:
    """Install into the environment of `python`, which need have no pip. Raises `InstallationError`, `TimeoutExpired`.

    `options` are such as both know, `--no-deps` for example. Modules are compiled when they are first imported; where
    PYTHONDONTWRITEBYTECODE forbids that, as in many containers, now, or each start would compile them all.
    """
    wanted = ["--quiet", "--require-hashes", *options, "-r", str(requirements)]
    if _with_uv(python, [*wanted, "--compile-bytecode"] if sys.dont_write_bytecode else wanted):
        return
    compiled = "--compile" if sys.dont_write_bytecode else "--no-compile"
    command = [*_PIP, "--python", str(python), "install", compiled, *wanted]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_PIP, check=False)
    if done.returncode != 0:
        raise InstallationError(f"pip could not install {requirements.name}: {done.stderr[-2000:]}")


def _with_uv(python: Path, wanted: list[str]) -> bool:
    """Whether it could: not where it is missing, nor where only pip knows the way to the packages."""
    if not _UV.is_file():
        return False
    command = [str(_UV), "pip", "install", "--no-config", "--python", str(python), *wanted]
    environment = _told_to_pip() | os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=_LONGEST_UV, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _told_to_pip() -> dict[str, str]:
    listed = subprocess.run([*_PIP, "config", "list"], capture_output=True, text=True, check=False).stdout
    told: dict[str, str] = {}
    for scope in (":env:", "install", "global"):  # as pip does, the first one counts
        for name, value in re.findall(rf"^{scope}\.([a-z-]+)='(.*)'$", listed, flags=re.MULTILINE):
            if name in _SAME_AS:
                told.setdefault(_SAME_AS[name], value)
    return told


if __name__ == "__main__":
    try:
        install(Path(sys.executable), Path(sys.argv[1]))
    except InstallationError as error:
        sys.exit(str(error))
