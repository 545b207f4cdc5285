"""Read the revision of a store without Alembic: a server does so whenever it opens the store."""

from typing import NamedTuple

from sqlalchemy import Connection, inspect

NEWEST = "0002"  # revisions are numbered, so that of two the greater is the newer
VERSION_TABLE = "newsdesk_version"  # not Alembic's own name: other programs may have tables in the same database

# A store from before there were revisions has some of these, and no revision.
FIRST_TABLES = {"predictions", "feedback", "promotion_ledger", "monitoring_windows", "pipeline_runs"}


class SchemaRevision(NamedTuple):
    """What was found in a database. `is_empty`: nothing of ours."""

    revision: str | None
    is_empty: bool


def read_schema_revision(connection: Connection) -> SchemaRevision:
    """What is in the database now."""
    # All names at once: somebody may set up the store meanwhile, which makes all tables in one step.
    names = set(inspect(connection).get_table_names())
    revision = None
    if VERSION_TABLE in names:
        revision = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608
    return SchemaRevision(revision, is_empty=not names & FIRST_TABLES)
