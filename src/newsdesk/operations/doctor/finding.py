"""A finding of the doctor, in one sentence, with a fix."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from newsdesk.redaction import redact

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """`fix` is empty where there is nothing to do."""

    check: str
    level: Level
    message: str
    fix: str = ""

    def redacted(self, secrets: Iterable[str]) -> "Finding":
        """The same without secrets: it may repeat the words of a library."""
        return replace(self, message=redact(self.message, secrets), fix=redact(self.fix, secrets))


def fine(check: str, message: str) -> Finding:
    return Finding(check, "ok", message)


def warning(check: str, message: str, fix: str) -> Finding:
    return Finding(check, "warning", message, fix)


def problem(check: str, message: str, fix: str) -> Finding:
    return Finding(check, "problem", message, fix)


def from_error(check: str, error: Exception) -> Finding:
    """An error of ours is sentences: what is wrong, then the fix."""
    message, _, fix = str(error).partition(". ")
    return problem(check, message.rstrip(".") + ".", fix)
