"""How log lines look: JSON for machines, a plain line where a person watches. Never what an exception says: it may be
article text.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

Entry = tuple[float, dict[str, Any]]  # when, in seconds since 1970, and the fields: message, and what else there is

_EXTRAS = ("request_id", "trace_id", "duration_ms", "caller")
_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


class LogFormatter(logging.Formatter):
    """`style` auto writes plain lines to a terminal and JSON everywhere else. A record may stand for several lines."""

    def __init__(self, style: Literal["auto", "json", "text"] = "auto") -> None:
        super().__init__()
        self._as_json = style == "json" or (style == "auto" and not sys.stderr.isatty())

    def format(self, record: logging.LogRecord) -> str:
        format_line = _json_line if self._as_json else _text_line
        entries: list[Entry] = getattr(record, "entries", None) or [_record_entry(record)]
        return "\n".join([format_line(record, *entry) for entry in entries])


def _record_entry(record: logging.LogRecord) -> Entry:
    entry: dict[str, Any] = {"message": record.getMessage()}
    entry |= {name: value for name in _EXTRAS if (value := getattr(record, name, None)) is not None}
    if record.exc_info and (defect := record.exc_info[1]):
        entry["exception"] = f"{type(defect).__name__} at {source_location(defect)}"
    return record.created, entry


def _json_line(record: logging.LogRecord, created: float, entry: dict[str, Any]) -> str:
    timestamp = datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds")
    return _encode({"time": timestamp, "level": record.levelname, "logger": record.name, **entry})


def _text_line(record: logging.LogRecord, created: float, entry: dict[str, Any]) -> str:
    timestamp = datetime.fromtimestamp(created, UTC)
    extras = "".join(f"  {name}={entry[name]}" for name in (*_EXTRAS, "exception") if entry.get(name) is not None)
    return f"{timestamp:%H:%M:%S} {record.levelname:<7} {entry['message']}{extras}"


def source_location(defect: BaseException) -> str:
    """File and line where it was raised."""
    traceback = defect.__traceback__
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}" if traceback else "an unknown place"
