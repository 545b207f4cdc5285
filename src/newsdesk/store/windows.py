"""Windows of predictions as monitoring evaluated them. A window that is evaluated again is replaced."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Engine, Integer, String, Table, delete, insert, select

from newsdesk.store.schema import UtcDateTime, metadata

_windows = Table(
    "monitoring_windows",
    metadata,
    Column("start", UtcDateTime, primary_key=True),
    Column("seconds", Integer, primary_key=True),
    Column("digest", String, primary_key=True),
    Column("arm", String, primary_key=True),
    Column("version", String, nullable=False),
    Column("tally", JSON, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("state", String, nullable=False),
)


@dataclass(frozen=True)
class StoredWindow:
    """What a model answered in the `seconds` from `start` on, in one arm ("" outside of experiments).

    `tally`, `scores` and `state` are as monitoring found them.
    """

    start: datetime
    seconds: int
    digest: str
    arm: str
    version: str
    tally: dict[str, Any]
    scores: list[dict[str, Any]]
    state: str


def save_windows(store: Engine, since: datetime, seconds: int, windows: Iterable[StoredWindow]) -> None:
    """Replace all windows of that length from `since` on, in one transaction."""
    with store.begin() as connection:
        if store.dialect.name == "postgresql":  # two passes at once would both insert
            connection.exec_driver_sql("LOCK TABLE monitoring_windows IN SHARE ROW EXCLUSIVE MODE")
        outdated = (_windows.c.seconds == seconds) & (_windows.c.start >= since)
        connection.execute(delete(_windows).where(outdated))
        if rows := [asdict(window) for window in windows]:
            connection.execute(insert(_windows), rows)


def read_windows(store: Engine, since: datetime, seconds: int) -> list[StoredWindow]:
    """The windows of that length from `since` on, oldest first."""
    query = (
        select(_windows)
        .where(_windows.c.seconds == seconds, _windows.c.start >= since)
        .order_by(_windows.c.start, _windows.c.arm, _windows.c.digest)
    )
    with store.connect() as connection:
        return [StoredWindow(**row) for row in connection.execute(query).mappings()]
