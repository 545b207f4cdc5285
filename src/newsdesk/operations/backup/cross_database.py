"""Restore a store that was backed up from the other kind of database: SQLite into PostgreSQL, and the other way."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from sqlalchemy import JSON, Boolean, Column, Connection, Float, Integer, insert, make_url

from newsdesk.config.sqlite_address import sqlite_address
from newsdesk.errors import NewsdeskError
from newsdesk.operations.backup.error import BackupError
from newsdesk.operations.backup.postgresql import PostgresqlDatabase
from newsdesk.operations.backup.sqlite import SqliteDatabase
from newsdesk.store.engine import store_engine
from newsdesk.store.migration import run_migration
from newsdesk.store.schema import UtcDateTime, metadata
from newsdesk.store.schema_revision import VERSION_TABLE
from newsdesk.store.store_copy import copy_store

_COPY = re.compile(r'^COPY (?:"?\w+"?\.)?"?(?P<table>\w+)"? \((?P<columns>.+)\) FROM stdin;$')
_END = "\\."  # of the rows of a statement COPY
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BATCH = 1000  # rows

Target = TypeVar("Target", PostgresqlDatabase, SqliteDatabase)


@dataclass(frozen=True)
class _StoreFromAnotherKind(Generic[Target]):
    """The database that the store goes to. What it is restored from is read otherwise."""

    target: Target

    def exists(self) -> bool:
        return self.target.exists()

    def is_empty(self) -> bool:
        return self.target.is_empty()

    def rows(self, table: str) -> int:
        return self.target.rows(table)

    def dump(self, target: Path) -> None:
        self.target.dump(target)


class StoreFromSqlite(_StoreFromAnotherKind[PostgresqlDatabase]):
    """The store in a PostgreSQL, for a backup of one in SQLite: what is there makes room in the same transaction."""

    kind = SqliteDatabase.kind

    def check(self, dump: Path) -> None:
        SqliteDatabase(dump).check(dump)

    def tables(self, dump: Path) -> set[str]:
        return SqliteDatabase(dump).tables(dump)

    def restore(self, dump: Path) -> None:
        source = sqlite_address(dump)
        with _backup_errors():
            run_migration(source)
            copy_store(source, self.target.url.render_as_string(hide_password=False), replace=True)


class StoreFromPostgresql(_StoreFromAnotherKind[SqliteDatabase]):
    """The store in a SQLite file, for a backup of one in PostgreSQL. It takes pg_restore, and no server."""

    kind = PostgresqlDatabase.kind

    def check(self, dump: Path) -> None:
        _NO_SERVER.check(dump)

    def tables(self, dump: Path) -> set[str]:
        return _NO_SERVER.tables(dump)

    def restore(self, dump: Path) -> None:
        draft = dump.with_name(f"{dump.name}.sqlite")
        draft.unlink(missing_ok=True)
        address = sqlite_address(draft)
        with _backup_errors():
            run_migration(address, _read_revision(dump))
            engine = store_engine(address)
            with engine.begin() as connection, _NO_SERVER.data(dump) as lines:
                _load(lines, connection)
            engine.dispose()
            run_migration(address)
        self.target.restore(draft)
        draft.unlink()


_NO_SERVER = PostgresqlDatabase(make_url("postgresql://"))


@contextmanager
def _backup_errors() -> Iterator[None]:
    try:
        yield
    except NewsdeskError as error:
        raise BackupError(f"The store cannot be restored: {error}") from error


def _read_revision(dump: Path) -> str | None:
    """The revision of the tables in a dump; None for the first, which knew of none."""
    with _NO_SERVER.data(dump, f"--table={VERSION_TABLE}") as script:
        lines = list(script)
    start = next((number for number, line in enumerate(lines) if _COPY.match(line)), None)
    return lines[start + 1] if start is not None and lines[start + 1] != _END else "0001"


def _load(lines: Iterator[str], connection: Connection) -> None:
    """Write the rows of the tables that we know."""
    for line in lines:
        if statement := _COPY.match(line):
            rows = _rows(lines)
            table = metadata.tables.get(statement["table"])
            if table is None:
                for _ in rows:
                    pass
                continue
            names = [name.strip(' "') for name in statement["columns"].split(",")]
            readers = [_reader(table.columns[name]) for name in names]
            batch: list[dict[str, Any]] = []
            for row in rows:
                values = (None if cell is None else read(cell) for read, cell in zip(readers, row, strict=True))
                batch.append(dict(zip(names, values, strict=True)))
                if len(batch) == _BATCH:
                    connection.execute(insert(table), batch)
                    batch = []
            if batch:
                connection.execute(insert(table), batch)


def _rows(lines: Iterator[str]) -> Iterator[list[str | None]]:
    for line in lines:
        if line == _END:
            return
        yield [None if cell == "\\N" else _ESCAPED.sub(_unescape, cell) for cell in line.split("\t")]


def _unescape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[1], match[1])


def _reader(column: Column[Any]) -> Callable[[str], Any]:
    match column.type:
        case UtcDateTime():
            return datetime.fromisoformat
        case Boolean():
            return "t".__eq__
        case Integer():
            return int
        case Float():
            return float
        case JSON():
            return json.loads
        case _:
            return str
