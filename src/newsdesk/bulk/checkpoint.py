"""The answers so far, on disk: a run that was stopped or killed resumes where it was."""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from newsdesk.bulk.text_scorer import Answer, Score, Unscored
from newsdesk.errors import BusyError


class ScoreCheckpoint:
    """A file with a line that says what is scored with what, and then a line for each row, in their order.

    A line is flushed with those that were answered with it; one that was cut off is not there.
    """

    def __init__(self, file: Path, key: Mapping[str, Any]) -> None:
        """Where `file` was written for another `key`, it begins anew. Raises `BusyError` where somebody writes it."""
        self.file = file
        self._content = os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        try:
            fcntl.flock(self._content, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._content.close()
            raise BusyError(
                f"Another newsdesk command writes what {file} is the draft of. Wait for it, or write to another file."
            ) from error
        self.known = self._count_complete(json.dumps(key, sort_keys=True).encode() + b"\n")

    def _count_complete(self, head: bytes) -> int:
        """How many answers the file has; what is after them is cut off."""
        count = end = 0
        if self._content.readline() == head:
            end = len(head)
            for line in self._content:
                if not line.endswith(b"\n") or _parse(line) is None:
                    break
                count, end = count + 1, end + len(line)
        self._content.truncate(end)
        self._content.seek(end)
        if not end:
            self._content.write(head)
        return count

    def append(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            value = answer.reason if isinstance(answer, Unscored) else answer
            self._content.write(json.dumps(value).encode() + b"\n")
        self._content.flush()

    def __iter__(self) -> Iterator[Answer]:
        """All answers, from the first."""
        with self.file.open("rb") as content:
            content.readline()
            for line in content:
                answer = _parse(line)
                assert answer is not None
                yield answer

    def remove(self) -> None:
        """Delete the file once it is no longer needed."""
        self.file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk was told already
            self._content.close()


def _parse(line: bytes) -> Answer | None:
    try:
        content = json.loads(line)
        return Unscored(content) if isinstance(content, str) else Score(*content)
    except (ValueError, TypeError):
        return None
