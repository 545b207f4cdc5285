"""Parse moments in cells, and infer the order in which a column's dates are written."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from dateutil import parser as date_parser

from newsdesk.articles.time_zones import time_zone

DateOrder = Literal["dmy", "mdy", "ymd"]

# What a cell may say: a moment; or one for each order that it may be written in; or nothing that is understood.
Readings = datetime | Mapping[DateOrder, datetime] | None

_MAX_CONTRARY = 0.05  # of the rows that tell the order, how many may contradict the others: slips
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = (1e8, 4.2e9)  # since 1970, of 1973 and 2103: so no unit can be taken for another
_UNITS = (1, 10**3, 10**6, 10**9)  # of a second: seconds, milliseconds, microseconds, nanoseconds
_EXCEL_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
_EXCEL_DAYS = (32_874, 73_051)  # of 1990 and 2100

_NUMBER = re.compile(r"\d{5}(\.\d+)?|\d{9,19}(\.\d+)?", re.ASCII)
_DIGITS_OF_A_DATE = re.compile(r"(?:19|20)\d{10}(?:\d\d)?", re.ASCII)  # YYYYMMDDhhmm and YYYYMMDDhhmmss
_YEAR_FIRST = re.compile(r"(?<![\d:])(\d{4})\s?[/.\-]\s?(\d{1,2})\s?[/.\-]\s?(\d{1,2})(?![\d:])", re.ASCII)
_YEAR_LAST = re.compile(r"(?<![\d:])(\d{1,2})\s?([/.\-])\s?(\d{1,2})\s?[/.\-]\s?(\d{4}|\d\d)(?![\d:])", re.ASCII)
_RFC_2822 = re.compile(r"([A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d(:\d\d)? ([+-]\d{4}|GMT)", re.ASCII)
_PLACE = re.compile(r"\s*\[?([A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_+\-]+)+)\]?$")
_BEFORE_OFFSET = re.compile(r"\b(?:GMT|UTC)(?=[+-]\d)")  # dateutil takes GMT+2 for two hours west, as POSIX does
_AFTER_OFFSET = re.compile(r"(?<=[+-]\d{4})\s*\([^()]*\)$")
_TWO_DEFAULTS = (datetime(2000, 1, 1), datetime(2001, 2, 2))  # noqa: DTZ001 - a zone that is not told must not be made up


def possible_moments(value: Any) -> Readings:
    """What `value` may say: a moment in UTC, one for each order of day, month and year, or None.

    Numbers, as such or as digits, are seconds, milliseconds, microseconds or nanoseconds since 1970, or Excel's days.
    """
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return _to_utc(value) if isinstance(value, datetime) else None


def parse_moment(value: Any, order: DateOrder | None = None) -> datetime | None:
    """A moment in UTC; None where there is none, no whole date is told, or its order is not known."""
    return resolve(possible_moments(value), order)


def resolve(reading: Readings, order: DateOrder | None) -> datetime | None:
    """The moment that is meant where dates are in that order; without one, the moment that all orders come to."""
    if reading is None or isinstance(reading, datetime):
        return reading
    if order is not None:
        return reading.get(order)
    return next(iter(reading.values())) if len(set(reading.values())) == 1 else None


def infer_date_order(column: Iterable[Readings]) -> DateOrder | None:
    """The order in which a column's dates are written: that of the rows that can be read in no other. None where no
    row tells, or where they contradict each other."""
    orders = [frozenset(reading) for reading in column if isinstance(reading, Mapping)]
    known = frozenset[DateOrder]().union(*orders)
    informative = [order for order in orders if order != known]
    consistent = [
        order
        for order in sorted(known)
        if sum(order not in row for row in informative) <= _MAX_CONTRARY * len(informative)
    ]
    return consistent[0] if len(consistent) == 1 else None


def _parse_text(text: str) -> Readings:
    if _DIGITS_OF_A_DATE.fullmatch(text):
        with suppress(ValueError):
            return _to_utc(datetime.strptime(text, "%Y%m%d%H%M%S"[: len(text) - 2]))  # noqa: DTZ007
    if _NUMBER.fullmatch(text):
        return _since_epoch(float(text))
    with suppress(ValueError):
        return _to_utc(datetime.fromisoformat(text))
    if _RFC_2822.fullmatch(text):
        with suppress(ValueError):
            return _to_utc(parsedate_to_datetime(text))
    if match := _YEAR_FIRST.search(text):
        year, month, day = map(int, match.groups())
        return _with_date(text, match, year, month, day)
    if match := _YEAR_LAST.search(text):
        by_order = {order: _with_date(text, match, *numbers) for order, numbers in _candidate_dates(match)}
        valid = {order: moment for order, moment in by_order.items() if moment is not None}
        return valid or None
    first = _parse(text)
    if first is None or re.search("[A-Za-z]{3}", text):  # a month by its name
        return first
    second = _parse(text, day_first=True)
    return first if second in (first, None) else {"mdy": first, "dmy": second}


def _candidate_dates(match: re.Match[str]) -> Iterable[tuple[DateOrder, tuple[int, int, int]]]:
    """What is year, month and day in each order. With dots the day is first, unless there is no such month; years
    of two digits are first, if ever, where dashes are between."""
    first, second, last = (int(number) for number in match.group(1, 3, 4))
    year = last if len(match[4]) == 4 else _full_year(last)
    yield "dmy", (year, second, first)
    if match[2] != "." or second > 12:
        yield "mdy", (year, first, second)
    if len(match[4]) == 2 and match[2] == "-" and len(match[1]) == 2:
        yield "ymd", (_full_year(first), second, last)


def _full_year(year: int) -> int:
    """The full year of two digits, as POSIX defines it."""
    return year + (2000 if year < 69 else 1900)


def _with_date(text: str, match: re.Match[str], year: int, month: int, day: int) -> datetime | None:
    """What `text` says where its date is this one."""
    try:
        iso_date = date(year, month, day).isoformat()
    except ValueError:
        return None
    rewritten = f"{text[: match.start()]}{iso_date}{text[match.end() :]}".strip(" .,")
    with suppress(ValueError):
        return _to_utc(datetime.fromisoformat(rewritten))
    return _parse(rewritten)


def _parse(text: str, *, day_first: bool = False) -> datetime | None:
    """What `text` says; None where it leaves out year, month or day, which must not be filled from today, or names a
    zone that is not known."""
    text = _AFTER_OFFSET.sub("", _BEFORE_OFFSET.sub("", text))
    zone_match = _PLACE.search(text)
    try:
        zone = time_zone(zone_match[1], None) if zone_match else None
        first, second = (
            date_parser.parse(
                text[: zone_match.start()] if zone_match else text,
                default=default,
                tzinfos=time_zone,
                dayfirst=day_first,
            )
            for default in _TWO_DEFAULTS
        )
    except (ValueError, OverflowError, TypeError, AttributeError, IndexError, ArithmeticError):
        return None  # dateutil raises any of these for what is no date
    if first.date() != second.date():
        return None
    return _to_utc(first.replace(tzinfo=first.tzinfo or zone))


def _since_epoch(number: float) -> datetime | None:
    if _EXCEL_DAYS[0] <= number < _EXCEL_DAYS[1]:
        return _EXCEL_EPOCH + timedelta(seconds=round(number * 86_400))
    for unit in _UNITS:
        if _SECONDS[0] <= number / unit < _SECONDS[1]:
            return _EPOCH + timedelta(microseconds=round(number * 1_000_000 / unit))
    return None


def _to_utc(moment: datetime) -> datetime | None:
    try:
        if moment.tzinfo is None or moment.utcoffset() is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
