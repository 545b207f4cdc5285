"""The migration status of a store: its revision among those that are known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine

from newsdesk.store.engine import database_errors, masked_address, store_engine
from newsdesk.store.revisions import FOLDER, Revision, revisions
from newsdesk.store.schema_revision import SchemaRevision, read_schema_revision

Condition = Literal["empty", "behind", "current", "ahead"]


@dataclass(frozen=True)
class MigrationStatus:
    """`store` is its address without its secrets; `revision` is None in one that has none.

    `ahead`: a newer version was here, and this one works with what it left.
    """

    store: str
    condition: Condition
    revision: str | None
    newest: str
    pending: list[Revision]


def read_status(address: str, folder: Path = FOLDER) -> MigrationStatus:
    """Where the store at an address is, which is left as it is. Raises `ConfigError`, `StoreError`."""
    engine = store_engine(address)
    try:
        schema, known = _read_revision(engine), revisions(folder)
    finally:
        engine.dispose()
    pending = [step for step in known if step.id > (schema.revision or "")]
    return MigrationStatus(
        masked_address(engine), _condition(schema, known[-1].id), schema.revision, known[-1].id, pending
    )


def _read_revision(engine: Engine) -> SchemaRevision:
    if engine.dialect.name == "sqlite" and not Path(engine.url.database or "").is_file():
        return SchemaRevision(None, is_empty=True)  # to connect would make the file
    with database_errors(engine), engine.connect() as connection:
        return read_schema_revision(connection)


def _condition(schema: SchemaRevision, newest: str) -> Condition:
    if schema.revision is None:
        return "empty" if schema.is_empty else "behind"
    if schema.revision == newest:
        return "current"
    return "behind" if schema.revision < newest else "ahead"
