"""Time zones as articles name them."""

from datetime import timedelta, timezone, tzinfo

from dateutil import tz

# Hours from UTC, and the zones that are named so. CST and its kin are America's, as RFC 2822 has them; BST is British
# Summer Time. Left out is what several countries mean by one name, such as IST (India, Ireland, Israel) and AST
# (Arabia, the Atlantic): a test holds the list against the database of time zones.
_ZONES = {
    -10: "HST",
    -9: "AKST",
    -8: "PST AKDT",
    -7: "MST PDT",
    -6: "CST MDT",
    -5: "EST CDT",
    -4: "EDT",
    -3.5: "NST",
    -3: "ADT",
    -2.5: "NDT",
    0: "UTC GMT UT Z WET",
    1: "CET MET BST WEST WAT",
    2: "CEST MEST EET CAT SAST",
    3: "EEST EAT MSK",
    5: "PKT",
    7: "WIB",
    8: "AWST HKT WITA",
    9: "JST KST WIT",
    9.5: "ACST",
    10: "AEST",
    10.5: "ACDT",
    11: "AEDT",
    12: "NZST",
    13: "NZDT",
}
OFFSETS: dict[str, float] = {name: hours for hours, names in _ZONES.items() for name in names.split()}


def time_zone(name: str | None, offset: int | None) -> tzinfo | None:
    """The zone that is `offset` seconds from UTC, else the one of that name; None where neither is said.

    Raises `ValueError` for a name that is not known: it must not pass for UTC.
    """
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if not name:
        return None
    if name in OFFSETS:
        return timezone(timedelta(hours=OFFSETS[name]))
    zone = tz.gettz(name) if "/" in name else None
    if zone is None:
        raise ValueError("a zone that is not known, or of several meanings")
    return zone
