"""How log lines look: JSON for machines, a plain line where a person watches. Never what an exception says: it may be
article text.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
_EXTRAS = ("request_id", "trace_id", "duration_ms", "caller")


class LogFormatter(logging.Formatter):
    """`style` auto writes plain lines to a terminal and JSON everywhere else."""

    def __init__(self, style: Literal["auto", "json", "text"] = "auto") -> None:
        super().__init__()
        self._as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        if self._as_json:
            return _encode(fields)
        extras = " ".join(f"{name}={fields[name]}" for name in (*_EXTRAS, "exception") if name in fields)
        return f"{fields['time'][11:23]} {record.levelname:<7} {fields['message']}{'  ' if extras else ''}{extras}"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    fields = {"time": moment, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
    for name in _EXTRAS:
        value = getattr(record, name, None)
        if value is not None:
            fields[name] = value
    if record.exc_info and (defect := record.exc_info[1]):
        fields["exception"] = f"{type(defect).__name__} at {place_of(defect)}"
    return fields


def place_of(defect: BaseException) -> str:
    """File and line where it was raised."""
    place = defect.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "an unknown place"
