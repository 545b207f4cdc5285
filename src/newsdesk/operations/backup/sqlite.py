"""Back up a SQLite file, and put one in its place."""

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from newsdesk.operations.backup.error import BackupError

_PATIENCE = 30.0  # seconds to wait for a writer
_TABLES = "SELECT count(*) FROM sqlite_master WHERE type = 'table'"


@dataclass(frozen=True)
class SqliteDatabase:
    """A SQLite file, which may not be there."""

    file: Path
    kind: Literal["sqlite"] = "sqlite"

    def exists(self) -> bool:
        return self.file.is_file() and self.file.stat().st_size > 0

    def is_empty(self) -> bool:
        if not self.exists():
            return True
        try:
            with closing(self._open()) as database:
                return not database.execute(_TABLES).fetchone()[0]
        except sqlite3.DatabaseError:
            return False  # whatever it is, it is somebody's

    def rows(self, table: str) -> int:
        try:
            with closing(self._open()) as database:
                is_present = database.execute(f"{_TABLES} AND name = ?", (table,)).fetchone()[0]
                return int(database.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]) if is_present else 0  # noqa: S608
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def dump(self, target: Path) -> None:
        """By SQLite's online backup, in one step: one state, though others write."""
        try:
            with closing(self._open()) as database, closing(sqlite3.connect(target)) as copy:
                database.backup(copy)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def check(self, dump: Path) -> None:
        try:
            with closing(sqlite3.connect(f"{dump.absolute().as_uri()}?mode=ro", uri=True)) as database:
                verdict = str(database.execute("PRAGMA integrity_check(1)").fetchone()[0])
                if not database.execute(_TABLES).fetchone()[0]:
                    verdict = "it has no table"
        except sqlite3.Error as error:
            verdict = str(error)
        if verdict != "ok":
            raise BackupError(
                f"The archive's database {dump.stem} is damaged: {verdict}. Nothing was changed. Take another archive."
            )

    def tables(self, dump: Path) -> set[str]:
        with closing(sqlite3.connect(f"{dump.absolute().as_uri()}?mode=ro", uri=True)) as database:
            return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def restore(self, dump: Path) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_name(f".{self.file.name}-restored")
        shutil.copyfile(dump, draft)
        with draft.open("rb") as stream:
            os.fsync(stream.fileno())
        for suffix in ("-wal", "-shm"):  # what belongs to the old file would spoil the new one
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        draft.replace(self.file)

    def _failure(self, error: sqlite3.Error) -> BackupError:
        return BackupError(f"{self.file} cannot be read: {error}. See what `newsdesk doctor` says of it.")

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.file.absolute().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)
