"""Check that the clocks of this machine and others agree."""

from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlsplit

from newsdesk.http_client import make_opener
from newsdesk.operations.doctor.finding import Finding, fine, problem, warning

_NOTED, _HARMFUL = 5.0, 60.0  # seconds: tokens, windows and ledger are wrong by so much
_PATIENCE = 3.0


def skew(name: str, theirs: datetime, ours: datetime) -> Iterator[Finding]:
    """How far another clock is from ours."""
    seconds = abs((theirs - ours).total_seconds())
    message = f"The clock of {name} and ours are {seconds:.0f} s apart."
    if seconds > _HARMFUL:
        yield problem("clock", message, "Let both follow a time server: timedatectl set-ntp true.")
    elif seconds > _NOTED:
        yield warning("clock", message, "Let both follow a time server: timedatectl set-ntp true.")
    else:
        yield fine("clock", f"The clock of {name} agrees with ours.")


def check_clock(name: str, address: str, ours: datetime) -> Iterator[Finding]:
    """By the Date that an HTTP server answers with; nothing where it does not answer, which others tell of."""
    try:
        if urlsplit(address).scheme not in ("http", "https"):
            return
        with make_opener().open(address, timeout=_PATIENCE) as response:
            date = response.headers["Date"]
    except HTTPError as error:
        with error:
            date = error.headers["Date"]
    except (OSError, HTTPException, ValueError):
        return
    if date:
        yield from skew(name, parsedate_to_datetime(date), ours)
