"""What a cell says of a moment, whichever tool wrote it."""

import warnings
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.articles.date_column import read_dates
from newsdesk.articles.date_parsing import DateOrder, infer_date_order, parse_moment, possible_moments
from newsdesk.articles.readers import RawRow
from newsdesk.articles.time_zones import OFFSETS

EIGHT = datetime(2021, 9, 6, 8, tzinfo=UTC)
MIDNIGHT = datetime(2021, 9, 6, tzinfo=UTC)
ORDERS: tuple[DateOrder, ...] = get_args(DateOrder)
PATTERNS: dict[DateOrder, str] = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y", "ymd": "%Y-%m-%d"}
DAYS = st.dates(date(1970, 1, 1), date(2068, 12, 31))


@pytest.mark.parametrize(
    "said",
    [
        *("2021-09-06", "20210906", "2021/9/6", "2021. 9. 6.", "06.09.2021", "6.9.2021", "06. 09. 2021", "06.09.21"),
        *("6 Sep 2021", "Sept. 6, 2021", "September 6th, 2021", "06-Sep-2021", "Mon, 6 Sep 2021", date(2021, 9, 6)),
        *("44445", "202109060000", "20210906000000"),
    ],
)
def test_a_day_is_understood(said: object) -> None:
    assert parse_moment(said) == MIDNIGHT


@pytest.mark.parametrize(
    "said",
    [
        *(
            "2021-09-06 08:00",
            "20210906T080000Z",
            "202109060800",
            "20210906080000",
            "06.09.2021 08:00",
            "44445.333333333",
        ),
        *("2021-09-06T08:00:00.000000000Z", "2021-09-06T10:00+02:00[Europe/Berlin]", "2021-09-06 10:00 Europe/Berlin"),
        *("Mon, 06 Sep 2021 08:00:00 GMT", "Mon, 06 Sep 2021 10:00:00 +0200", "Mon, 06 Sep 2021 10:00:00 +0200 (CEST)"),
        *("Mon Sep 06 2021 10:00:00 GMT+0200 (Central European Summer Time)", "6 Sep 2021 11:00 UTC+3"),
        *("Mon Sep 06 08:00:00 +0000 2021", "Mon Sep  6 10:00:00 CEST 2021", "September 6, 2021 4:00 a.m. EDT"),
        *("1630915200", "1630915200.0", "1630915200000", "1630915200000000", "1630915200000000000"),
        datetime(2021, 9, 6, 10, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_a_moment_is_understood(said: object) -> None:
    assert parse_moment(said) == EIGHT


@pytest.mark.parametrize(
    ("zone", "hours"),
    [
        ("CEST", 2),
        ("CET", 1),
        ("BST", 1),
        ("EEST", 3),
        ("AEST", 10),
        ("AEDT", 11),
        ("ACST", 9.5),
        ("EST", -5),
        ("JST", 9),
    ],
)
def test_a_time_in_a_named_zone_is_that_of_the_zone(zone: str, hours: float) -> None:
    expected = EIGHT - timedelta(hours=hours)
    assert parse_moment(f"2021-09-06 08:00 {zone}") == expected
    assert parse_moment(f"Mon, 06 Sep 2021 08:00:00 {zone}") == expected


@pytest.mark.parametrize("zone", ["IST", "AST", "XYZT", "ET", "Nowhere/City"])
def test_a_zone_that_is_not_known_or_of_several_meanings_is_not_taken_for_utc(zone: str) -> None:
    assert parse_moment(f"2021-09-06 08:00 {zone}") is None


def test_the_names_of_zones_are_those_of_the_database_of_time_zones() -> None:
    seen: dict[str, set[float]] = {}
    for zone in available_timezones() - {"localtime"}:
        for month in range(1, 13):
            at = datetime(2005, month, 15, tzinfo=ZoneInfo(zone))
            offset = at.utcoffset()
            assert offset is not None
            seen.setdefault(at.tzname() or "", set()).add(offset / timedelta(hours=1))
    of_several = {name for name, offsets in seen.items() if len(offsets) > 1}
    assert OFFSETS.keys() & of_several <= {"CST", "CDT", "PST"}, "America's, as RFC 2822 has them"
    assert all(OFFSETS[name] in seen[name] for name in OFFSETS.keys() & seen.keys())
    assert OFFSETS.keys() - seen.keys() <= {"UT", "Z", "MET", "MEST", "MSK"}


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            "yesterday",
            "n/a",
            "2021-13-45",
            "32/13/2021",
            "05:06",
            "Tuesday",
            "2021",
            "May 2021",
            "12",
            "99999999999",
        ),
        *("99999999999999999999", "0001-01-01T00:00:00+05:00", "9999-12-31T23:00:00-05:00", True, [2025, 3, 4], None),
    ],
)
def test_what_tells_no_whole_day_is_no_date(said: object) -> None:
    assert parse_moment(said) is None
    assert all(parse_moment(said, order) is None for order in ORDERS)


def test_a_date_that_may_be_either_is_neither_until_the_order_is_known() -> None:
    said = "06/09/2021 08:00"
    assert parse_moment(said) is None
    assert parse_moment(said, "dmy") == EIGHT
    assert parse_moment(said, "mdy") == datetime(2021, 6, 9, 8, tzinfo=UTC)
    assert parse_moment("05/05/2021") == datetime(2021, 5, 5, tzinfo=UTC)
    assert parse_moment("21-09-06", "ymd") == MIDNIGHT
    assert parse_moment("06 09 2021") is None


def column(*cells: object) -> list[RawRow]:
    return [RawRow(number, {"date": cell}) for number, cell in enumerate(cells, start=2)]


def days(*cells: object, said: DateOrder | None = None) -> list[str | None]:
    rows, _ = read_dates(column(*cells), "date", said)
    return [at.date().isoformat() if (at := row.values["date"]) else None for row in rows]


def test_one_row_that_can_be_read_in_one_way_alone_tells_the_order_of_its_column() -> None:
    assert days("06/09/2021", "25/09/2021") == ["2021-09-06", "2021-09-25"]
    assert days("06/09/2021", "09/25/2021") == ["2021-06-09", "2021-09-25"]
    assert days("06-09-21", "25-09-06", "31-12-99") == ["2021-09-06", "2006-09-25", "1999-12-31"]
    assert days("06.09.2021", "01/02/2021") == ["2021-09-06", "2021-02-01"]


def test_where_no_row_tells_nothing_is_guessed_and_the_rows_are_counted() -> None:
    rows, report = read_dates(column("06/09/2021", "07/09/2021", "2021-09-08", "", "soon"), "date", None)

    assert [row.values["date"] for row in rows] == [None, None, datetime(2021, 9, 8, tzinfo=UTC), None, None]
    assert (report.order, report.decided_by) == (None, None)
    assert (report.understood, report.empty, report.ambiguous, report.not_understood) == (1, 1, 2, 1)
    assert list(report.sentences()) == [
        "2 dates in 'date' may have day or month first, and no row tells: they were left out. "
        "Say --date-order dmy, mdy or ymd.",
        "1 dates in 'date' were not understood, and left out.",
        "Dates were left out in rows 2, 3, 6; their articles stay.",
    ]


def test_what_the_user_says_counts_and_what_does_not_fit_it_is_not_understood() -> None:
    assert days("06/09/2021", "07/09/2021", said="dmy") == ["2021-09-06", "2021-09-07"]
    assert days("06/09/2021", "25/09/2021", said="mdy") == ["2021-06-09", None]
    _, report = read_dates(column("06/09/2021", "25/09/2021"), "date", "mdy")
    assert (report.order, report.decided_by, report.understood, report.not_understood) == ("mdy", "user", 1, 1)


def test_rows_that_contradict_each_other_decide_nothing_but_a_slip_among_many_does_not_matter() -> None:
    assert days("25/09/2021", "09/25/2021", "06/09/2021") == ["2021-09-25", "2021-09-25", None]
    assert days(*["25/09/2021"] * 40, "09/25/2021", "06/09/2021")[-2:] == [None, "2021-09-06"]


def test_a_date_in_an_object_is_understood_and_a_cell_of_another_kind_is_counted() -> None:
    rows, report = read_dates(column({"$date": "2021-09-06"}, [1, 2], None), "date", None)
    assert [row.values["date"] for row in rows] == [MIDNIGHT, None, None]
    assert (report.understood, report.not_understood, report.empty) == (1, 1, 1)


def test_a_row_that_could_not_be_read_has_no_say_and_is_not_counted() -> None:
    rows = [RawRow(2, {"date": "06/09/2021"}), RawRow(3, {}, "invalid_json")]
    _, report = read_dates(rows, "date", None)
    assert (report.ambiguous, report.empty, report.not_understood, report.rows) == (1, 0, 0, [2])


@given(st.lists(DAYS, min_size=1), st.sampled_from(ORDERS))
def test_a_column_in_one_order_is_read_as_it_was_written_or_not_at_all(moments: list[date], order: DateOrder) -> None:
    cells = [at.strftime(PATTERNS[order]) for at in moments]
    read = days(*cells)
    assert all(day in (at.isoformat(), None) for day, at in zip(read, moments, strict=True))
    assert days(*cells, said=order) == [at.isoformat() for at in moments]
    if any(at.day > 12 for at in moments) or order == "ymd":
        assert None not in read


@given(st.datetimes(datetime(1974, 1, 1), datetime(2100, 1, 1)), st.sampled_from([1, 10**3, 10**6]))  # noqa: DTZ001
def test_seconds_since_1970_are_known_in_every_unit(at: datetime, unit: int) -> None:
    at = at.replace(microsecond=0, tzinfo=UTC)
    assert parse_moment(str(int(at.timestamp()) * unit)) in (at, parse_moment(at.strftime("%Y%m%d%H%M")))


@given(st.text(max_size=30) | st.from_regex(r"[A-Za-z0-9 ,:/.+\-]{0,25}", fullmatch=True))
def test_whatever_a_cell_holds_it_is_a_moment_or_none_and_nobody_is_warned(said: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found: Any = possible_moments(said)
        assert infer_date_order([found, found]) in (*ORDERS, None)
        at = parse_moment(said)
    assert at is None or at.tzinfo is UTC
