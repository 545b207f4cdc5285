"""What a cell of a table says, whichever tool wrote it."""

from datetime import UTC, date, datetime, time
from typing import Any

from dateutil import parser as date_parser
from dateutil.tz import tzoffset

# dateutil knows no names of zones; these are the ones that American wires write.
_ZONES = {
    name: tzoffset(name, hours * 3600)
    for name, hours in {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}.items()
}
_DEFAULTS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 2, 2, tzinfo=UTC))


def plain_value(value: Any) -> Any:
    """Text trimmed, numbers as text, and None for what is empty."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, float):
        if value != value:
            return None  # NaN is how some tools write "nothing"
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value.strip() or None
    return value


def moment(value: Any) -> datetime | None:
    """A point in time in UTC; None where there is none or no whole date is told: no story is lost for its date."""
    if isinstance(value, str):
        value = _parse(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _parse(text: str) -> datetime | None:
    """What `text` says; None where it leaves out year, month or day, which must not be filled from today."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        first, second = (date_parser.parse(text, default=default, tzinfos=_ZONES) for default in _DEFAULTS)
    except (ValueError, OverflowError, date_parser.UnknownTimezoneWarning):
        return None
    return first if first.date() == second.date() else None
