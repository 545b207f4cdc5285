"""Standard output and standard error, whatever they can take: another encoding than UTF-8, a full disk, a closed pipe.

What a command did is done by the time it is told: a result that cannot be shown must not look like work that failed.
"""

import codecs
import io
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from traceback import format_exception
from typing import Any, TextIO

from newsdesk.printable import printable
from newsdesk.redaction import redact

_HANDLER = "newsdesk.plain"
_PLAIN = str.maketrans("✓–—‘’“”×", "+--''\"\"x") | {ord("…"): "...", ord("→"): "->"}


class OutputRefused(OSError):  # noqa: N818 - no error of ours
    """Standard output takes nothing more."""


class _Output(io.FileIO):
    """A file descriptor whose errors can be told from those of other files."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise OutputRefused(error.errno, error.strerror) from None


def prepare() -> None:
    """Have both streams show plainly what their encoding lacks: signs of ours in ASCII, all else by its number."""
    codecs.register_error(_HANDLER, _replace_unencodable)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.flush()
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Output(sys.stdout.fileno(), "w", closefd=False)),
            sys.stdout.encoding,
            _HANDLER,
            line_buffering=sys.stdout.line_buffering,
            write_through=sys.stdout.write_through,
        )
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors=_HANDLER)


def end(exit_code: int) -> int:
    """The exit code once all is written, or once what cannot be is given up with a sentence."""
    try:
        if sys.stdout is not None:  # as it is where the shell closed it
            sys.stdout.flush()
    except OutputRefused as error:
        exit_code = refused(error)
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        _redirect_to_null(sys.stderr)
    return exit_code


def refused(error: OutputRefused) -> int:
    """Say that standard output takes nothing more; the exit code."""
    _redirect_to_null(sys.stdout)
    say(f"The output cannot be written: {error.strerror}. What was done is done; only the telling of it failed.")
    return 1


def say(sentence: str) -> None:
    """A sentence on standard error, if anybody hears it."""
    with suppress(OSError):
        print(f"newsdesk: {printable(redact(sentence))}", file=sys.stderr, flush=True)


def show_traceback(error: Exception, secrets: Iterable[str]) -> None:
    """The traceback on standard error, without these secrets."""
    with suppress(OSError):
        print(printable(redact("".join(format_exception(error)), secrets)), file=sys.stderr, end="", flush=True)


def tell(*sentences: str) -> None:
    """Sentences on standard output, a line each, whoever's words stand in them."""
    for sentence in sentences:
        print(printable(sentence))


def _replace_unencodable(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    plain = character.translate(_PLAIN)
    if plain != character:
        return plain, error.start + 1
    single = UnicodeEncodeError(error.encoding, error.object, error.start, error.start + 1, error.reason)
    return codecs.backslashreplace_errors(single)


def _redirect_to_null(stream: TextIO) -> None:
    """Lead a stream that fails nowhere: Python flushes it once more when it ends, and would complain."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
