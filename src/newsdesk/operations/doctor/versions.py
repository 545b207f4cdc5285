"""Check Python, packages, and the data that ships with Newsdesk."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from newsdesk.operations.doctor.finding import Finding, fine, problem, warning
from newsdesk.text.lemmas import noun_lemmas

_PIN = re.compile(r"^[A-Za-z0-9._-]+ *==[^\\\n#]+", re.MULTILINE)  # with its marker, without its hashes
_SHOWN = 3


def check_versions(locks: Path) -> Iterator[Finding]:
    """Whether the packages are those of the lock file, where the folder of lock files is there."""
    yield fine("versions", f"Newsdesk {version('newsdesk')} on Python {'.'.join(map(str, sys.version_info[:3]))}.")
    lock = locks / ("train.txt" if _installed_version("mlflow") else "serve.txt")
    if not lock.is_file():
        return
    pins = _pins(lock.read_text(encoding="utf-8"))
    differing = [
        f"{pin.name} {installed} for {str(pin.specifier).removeprefix('==')}"
        for pin in pins
        if (installed := _installed_version(pin.name)) and not pin.specifier.contains(installed, prereleases=True)
    ]
    if differing:
        more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
        yield warning(
            "versions",
            f"Packages differ from {lock}: {', '.join(differing[:_SHOWN])}{more}.",
            f"pip install --require-hashes -r {lock}",
        )
    else:
        yield fine("versions", f"The packages are those of {lock}.")


def _pins(lock: str) -> Iterator[Requirement]:
    """Those that are meant for this Python and this machine: one package may be pinned differently for others."""
    for line in _PIN.findall(lock):
        try:
            pin = Requirement(line)
        except InvalidRequirement:
            continue
        if pin.marker is None or pin.marker.evaluate():
            yield pin


def check_text_data() -> Iterator[Finding]:
    """NLTK's data cannot be missing: what is needed of it ships with the package."""
    try:
        lemmas = len(noun_lemmas())
    except (OSError, ValueError):
        yield problem("text", "The lemma table of the package is damaged.", "Install Newsdesk again.")
        return
    yield fine("text", f"The lemma table is there, {lemmas:,} forms: nothing is downloaded.")


def _installed_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
