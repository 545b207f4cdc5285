"""The store as a server uses it: opened on first use, and after a failure left alone for a while, then retried."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from newsdesk.errors import NewsdeskError
from newsdesk.store.records import FeedbackConflict, StoreError, StoreOutdated

if TYPE_CHECKING:
    from sqlalchemy import Engine

_SQLITE_BUSY = 5  # of sqlite3, which a server without a store never loads
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0  # seconds

T = TypeVar("T")

logger = logging.getLogger(__name__)


class StoreConnection:
    """Safe to use from several threads. Loads the database library only when the store is first used."""

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds that only grow."""
        self._address = address
        self._clock = clock
        self._engine: Engine | None = None
        self._inode: int | None = None
        self._open_lock, self._fail_lock = Lock(), Lock()
        self._wait = 0.0
        self._away_until = 0.0
        self._is_outdated = False

    @property
    def is_up(self) -> bool:
        """Whether the store answered when it was last asked; true before that."""
        return self._wait == 0

    @property
    def is_outdated(self) -> bool:
        """Whether it is away until somebody migrates it."""
        return self._is_outdated

    @property
    def problem(self) -> str | None:
        """The problem in one sentence; None while the store is up."""
        if self.is_up:
            return None
        return "The store must be migrated: newsdesk store migrate" if self._is_outdated else "The store is away"

    def use(self, work: "Callable[[Engine], T]", patience: float | None = None) -> T:
        """What `work` gives. Raises `StoreError` where the store fails, at once while it is known to be away.

        `patience`: seconds to wait for another writer of a SQLite file, which is not away for that.
        """
        if self._clock() < self._away_until:
            raise StoreError("The store is away. It is tried again soon.")
        try:
            engine = self._open()
            result = work(engine.execution_options(busy_timeout=patience * 1000) if patience is not None else engine)
        except FeedbackConflict:  # the store is well, and says no
            raise
        except NewsdeskError as error:
            self._fail(error)
            if self._is_outdated:  # passes only when somebody does what it says
                logger.warning("%s", error)
            raise StoreError(str(error)) from error
        except _database_errors() as error:
            if patience is not None and _is_busy(error):
                raise StoreError("Another program writes to the store. It is tried again soon.") from None
            self._fail(error)
            # What a driver says may repeat the row.
            raise StoreError(f"The store failed ({type(error).__name__}). It is tried again soon.") from None
        self._wait = 0.0
        return result

    def give_up(self) -> None:
        """Leave the store alone: for a second, then twice as long each time, up to half a minute."""
        with self._fail_lock:
            if self._clock() >= self._away_until:  # of those who find it away at once, the first one counts
                self._wait = min(max(_FIRST_WAIT, self._wait * 2), _LONGEST_WAIT)
                self._away_until = self._clock() + self._wait

    def close(self) -> None:
        """Release the connection; using the store again reopens it."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def _fail(self, error: Exception) -> None:
        self._is_outdated = isinstance(error, StoreOutdated)
        self.give_up()
        self.close()  # opened again, it makes its tables again where they are gone

    def _open(self) -> "Engine":
        with self._open_lock:
            if self._engine is None:
                from newsdesk.store.database import open_store

                self._engine = open_store(self._address, keep_open=True)
                self._inode = _find_inode(self._engine)
            if self._inode != _find_inode(self._engine):
                raise StoreError("The file of the store was moved or removed. It is made anew.")
            return self._engine


def _find_inode(engine: "Engine") -> int | None:
    """The inode of a SQLite store: a file that is written to after it was removed would keep nothing."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    return Path(engine.url.database).stat().st_ino


def _is_busy(error: Exception) -> bool:
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return isinstance(code, int) and code & 0xFF == _SQLITE_BUSY


def _database_errors() -> tuple[type[Exception], ...]:
    from sqlalchemy.exc import SQLAlchemyError

    return SQLAlchemyError, OSError
