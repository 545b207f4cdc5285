"""When the newest prediction was made, by whichever process of the server."""

import os
import struct
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

_PREFIX = "last_prediction_"
_SECONDS = struct.Struct("d")


class LastPredictionTime:
    """Never goes back, whatever process is asked.

    Processes that share a `folder` keep a file each there, named by their `slot`, which outlives them. Without a
    folder there is only one process; a process without a slot only reads.
    """

    def __init__(self, folder: Path | None, slot: str | None = None) -> None:
        self._folder, self._newest = folder, 0.0
        self._file: int | None = None
        if folder is not None and slot is not None:
            path = folder / f"{_PREFIX}{slot}"
            self._newest = _read(path)
            with suppress(OSError):  # a full disk must not cost a worker
                self._file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)

    def note(self, at: datetime) -> None:
        """A prediction was made at that time."""
        seconds = at.timestamp()
        if seconds <= self._newest:  # the clock was set back
            return
        self._newest = seconds
        if self._file is not None:
            with suppress(OSError):  # a full disk must not cost a prediction
                os.pwrite(self._file, _SECONDS.pack(seconds), 0)

    def newest(self) -> datetime | None:
        """Of all processes, those that have ended, too; None where nothing was predicted yet."""
        if self._folder is not None:
            self._newest = max(self._newest, *map(_read, self._folder.glob(f"{_PREFIX}*")), 0.0)
        return datetime.fromtimestamp(self._newest, UTC) if self._newest else None

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _read(path: Path) -> float:
    """0 for one that nothing was written into yet."""
    try:
        (seconds,) = _SECONDS.unpack(path.read_bytes())
    except (OSError, struct.error):
        return 0.0
    return float(seconds)
