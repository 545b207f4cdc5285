"""Copy a store into another database, be each SQLite or PostgreSQL: all or nothing, and compared before it counts."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from newsdesk.errors import UsageError
from newsdesk.store import feedback, ledger, pipeline_runs, predictions, windows
from newsdesk.store.engine import database_errors, first_line, masked_address, store_engine
from newsdesk.store.migration import exclusive_transaction, upgrade_to_head
from newsdesk.store.migration_status import read_status
from newsdesk.store.records import StoreError
from newsdesk.store.schema import metadata
from newsdesk.store.schema_revision import read_schema_revision

_TABLES_OF = (feedback, ledger, pipeline_runs, predictions, windows)  # imported, they have put their tables there
_BATCH = 1000  # rows
CLEAR_POSTGRESQL = """
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT nspname FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')
  LOOP EXECUTE format('DROP SCHEMA %I CASCADE', name); END LOOP;
END $$;
DROP SCHEMA IF EXISTS public CASCADE;
CREATE SCHEMA public;
"""

RowBatch = list[dict[str, Any]]
OnTable = Callable[[str, int], None]  # the name of a table, and how many more rows of it are done


@dataclass(frozen=True)
class TableContent:
    """How many rows a table has, and a digest of them that does not depend on their order or on the database."""

    rows: int
    digest: str


def copy_store(
    source: str, target: str, on_table: OnTable = lambda *_: None, *, replace: bool = False
) -> dict[str, TableContent]:
    """Copy the store at one SQLAlchemy address to another, in one transaction; what each table holds now.

    `target` must be empty, or, with `replace`, is a PostgreSQL of which all that is there makes room in the same
    transaction. Raises `UsageError` where the stores are not fit for it, `StoreError` where one fails, where a row
    cannot be kept there, or where the copy is not equal. Nothing was changed then.
    """
    _require_current(source)
    source_engine, engine = store_engine(source), store_engine(target)
    try:
        if source_engine.url == engine.url:
            raise UsageError(f"{masked_address(engine)} cannot be copied to itself. Give two addresses.")
        with database_errors(engine), engine.connect():
            pass
        with _snapshot(source_engine) as reader, _write_transaction(engine) as writer:
            if replace and not read_schema_revision(writer).is_empty:
                _clear(writer)
            _require_empty(writer, engine)
            upgrade_to_head(writer)
            copied = {table.name: _copy(table, reader, writer, on_table) for table in metadata.sorted_tables}
            _reset_sequences(writer)
            for table in metadata.sorted_tables:
                if _read_content(table, writer) != copied[table.name]:
                    raise StoreError(
                        f"{table.name} reads otherwise in {masked_address(engine)} than it was written. "
                        "Nothing was copied."
                    )
        return copied
    finally:
        source_engine.dispose()
        engine.dispose()


def _require_current(source: str) -> None:
    status = read_status(source)
    match status.condition:
        case "empty":
            raise UsageError(f"There is no store at {status.store}: nothing to copy. Check the address.")
        case "behind":
            raise UsageError(
                f"The store at {status.store} is older than this version of Newsdesk. Let NEWSDESK_DATABASE_URL name "
                "it, and run: newsdesk store migrate."
            )
        case "ahead":
            raise UsageError(
                f"The store at {status.store} is at revision {status.revision}, and this version of Newsdesk knows "
                f"{status.newest}. Copy it with the version that made it."
            )


@contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """One state, whoever writes meanwhile."""
    level = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with database_errors(engine), engine.connect().execution_options(**level) as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        yield connection


@contextmanager
def _write_transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with exclusive_transaction(engine) as connection:
            yield connection
    except DBAPIError as error:
        message = first_line(error, engine)
        raise StoreError(
            f"The store at {masked_address(engine)} was not written: {message}. Nothing in it was changed."
        ) from error


def _clear(connection: Connection) -> None:
    connection.exec_driver_sql(CLEAR_POSTGRESQL, execution_options={"no_parameters": True})


def _require_empty(connection: Connection, engine: Engine) -> None:
    names = set(inspect(connection).get_table_names())
    for table in metadata.sorted_tables:
        if table.name in names and (rows := _count(table, connection)):
            raise UsageError(
                f"The store at {masked_address(engine)} is not empty: {table.name} has {rows:,} rows. "
                "Nothing was copied. Give an empty database."
            )


def _copy(table: Table, reader: Connection, writer: Connection, on_table: OnTable) -> TableContent:
    def copy_batches() -> Iterator[RowBatch]:
        for batch in _batches(table, reader):
            _insert(table, batch, writer)
            on_table(table.name, len(batch))
            yield batch

    on_table(table.name, 0)
    return _summarize(copy_batches())


def _read_content(table: Table, connection: Connection) -> TableContent:
    return _summarize(_batches(table, connection))


def _summarize(batches: Iterator[RowBatch]) -> TableContent:
    digest, rows = 0, 0
    for batch in batches:
        digest, rows = digest + sum(map(_digest, batch)), rows + len(batch)
    return TableContent(rows, f"{digest % 2**256:064x}")


def _batches(table: Table, connection: Connection) -> Iterator[RowBatch]:
    statement = select(table).order_by(*table.primary_key)
    with connection.execute(statement, execution_options={"yield_per": _BATCH}) as result:
        for part in result.mappings().partitions():
            yield [dict(row) for row in part]


def _insert(table: Table, batch: RowBatch, connection: Connection) -> None:
    """Raises `StoreError`, naming the row that the database does not take."""
    try:
        with connection.begin_nested():
            connection.execute(insert(table), batch)
    except DBAPIError:
        for row in batch:
            try:
                with connection.begin_nested():
                    connection.execute(insert(table), row)
            except DBAPIError as error:
                key = ", ".join(f"{column.name} {row[column.name]}" for column in table.primary_key)
                raise StoreError(
                    f"{table.name}: the row with {key} cannot be written to {masked_address(connection.engine)}: "
                    f"{first_line(error, connection.engine)}. Nothing was copied. Correct it where it comes from."
                ) from error
        raise


def _digest(row: Mapping[str, Any]) -> int:
    content = json.dumps([_to_json(row[name]) for name in sorted(row)], sort_keys=True).encode()
    return int.from_bytes(hashlib.sha256(content).digest(), "big")


def _to_json(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _count(table: Table, connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _reset_sequences(connection: Connection) -> None:
    """PostgreSQL numbers new rows by a sequence, which knows nothing of rows that brought their numbers along."""
    if connection.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            highest = connection.execute(select(func.max(column))).scalar()
            if highest is not None:
                sequence = func.pg_get_serial_sequence(table.name, column.name)
                connection.execute(select(func.setval(sequence, highest)))
