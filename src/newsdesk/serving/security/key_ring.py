"""The API keys that are valid now, as a running server knows them."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from newsdesk.errors import ConfigError
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.security.key_file import read_keys
from newsdesk.serving.security.keys import ApiKey, new_key

_REFRESH_INTERVAL = 1.0

logger = logging.getLogger(__name__)

State = tuple[int, int, int] | None  # of a file: inode, size, time of the last change; None where there is none
_UNREADABLE: State = (0, 0, 0)  # like no file's, so that the next refresh reads it again


class KeyRing:
    """Follows the file of keys, so that a key works, or ends, within a second of the command and without a restart.

    A file that is damaged or cannot be read leaves the keys as they were; a file that is gone leaves none. Raises
    `ConfigError` where the file is damaged at the start.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._dummy_key = new_key("nobody", frozenset())[0]
        self._state = _file_state(path)
        self._keys = _by_id(read_keys(path))
        self._next_refresh = clock() + _REFRESH_INTERVAL

    def verify(self, key_id: str, secret: str) -> ApiKey | None:
        """The key with this id and secret; None where it is unknown, wrong or expired, all of which take as long."""
        key = self._current().get(key_id, self._dummy_key)
        return key if key.is_the_hash_of(secret) and not key.has_expired(datetime.now(UTC)) else None

    def caller(self, key_id: str) -> Caller | None:
        """Who holds the key with this id; None where it was revoked or has expired."""
        key = self._current().get(key_id)
        return None if key is None or key.has_expired(datetime.now(UTC)) else key.caller

    def _current(self) -> dict[str, ApiKey]:
        now = self._clock()
        if now >= self._next_refresh:
            self._next_refresh = now + _REFRESH_INTERVAL
            self._refresh()
        return self._keys

    def _refresh(self) -> None:
        previous = self._state
        try:
            self._state = _file_state(self._path)
            if self._state != previous:
                self._keys = _by_id(read_keys(self._path))
        except ConfigError as error:
            logger.error("%s Until then the keys from before stay valid.", error)
        except OSError as error:
            self._state = _UNREADABLE
            if previous != _UNREADABLE:
                logger.error("%s: %s. The API keys from before stay valid.", self._path, error.strerror)


def _file_state(path: Path) -> State:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _by_id(keys: list[ApiKey]) -> dict[str, ApiKey]:
    return {key.id: key for key in keys}
