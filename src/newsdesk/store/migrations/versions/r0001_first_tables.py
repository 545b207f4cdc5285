"""The first tables.

A store from before there were revisions has some of them already, perhaps without the columns and indexes that came
later: it is given what it lacks, and keeps its rows.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateColumn

revision = "0001"
down_revision = None
loses = "every table: predictions, feedback, the promotion ledger, monitoring's windows and how pipelines ended"

_moment = sa.DateTime(timezone=True)
_tables = sa.MetaData()

_predictions = sa.Table(
    "predictions",
    _tables,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("at", _moment, nullable=False, index=True),
    sa.Column("model_version", sa.String, nullable=False),
    sa.Column("digest", sa.String, nullable=False),
    sa.Column("category", sa.String, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("text_length", sa.Integer, nullable=False),
    sa.Column("text_digest", sa.String(64), nullable=False),
    sa.Column("known_share", sa.Float),
    sa.Column("language", sa.String),
    sa.Column("caller", sa.String),
    sa.Column("arm", sa.String),
    sa.Column("pair_id", sa.String(36)),
    sa.Column("duration_ms", sa.Float, nullable=False),
    sa.Column("text", sa.String),
    sa.Column("terms", sa.String),
)
_has_pair = _predictions.c.pair_id.is_not(None)
sa.Index("ix_predictions_pair_id", _predictions.c.pair_id, sqlite_where=_has_pair, postgresql_where=_has_pair)
sa.Table(
    "feedback",
    _tables,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("at", _moment, nullable=False),
    sa.Column("said_last_at", _moment, nullable=False),
    sa.Column("subject", sa.String, nullable=False),
    sa.Column("prediction_id", sa.String(36), index=True),
    sa.Column("text_digest", sa.String(64), index=True),
    sa.Column("text", sa.String),
    sa.Column("category", sa.String, nullable=False),
    sa.Column("editor", sa.String, nullable=False),
    sa.Column("key", sa.String),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("caller", sa.String),
    sa.UniqueConstraint("subject", "editor", "revision"),
    sa.UniqueConstraint("editor", "key"),
)
sa.Table(
    "promotion_ledger",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", _moment, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("decision", sa.String, nullable=False),
    sa.Column("from_version", sa.String),
    sa.Column("to_version", sa.String),
    sa.Column("digest", sa.String),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
)
sa.Table(
    "monitoring_windows",
    _tables,
    sa.Column("start", _moment, primary_key=True),
    sa.Column("seconds", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("arm", sa.String, primary_key=True),
    sa.Column("version", sa.String, nullable=False),
    sa.Column("tally", sa.JSON, nullable=False),
    sa.Column("scores", sa.JSON, nullable=False),
    sa.Column("state", sa.String, nullable=False),
)
sa.Table(
    "pipeline_runs",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("pipeline", sa.String, nullable=False),
    sa.Column("started_at", _moment, nullable=False),
    sa.Column("ended_at", _moment, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("rows", sa.JSON, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
    sa.Index("ix_pipeline_runs_newest", "pipeline", "ended_at"),
)
# Indexes as they were once: of the second, only the rows of pairs are left.
_OUTDATED_INDEXES = ("ix_predictions_text_digest", "ix_predictions_pair_id")


def upgrade() -> None:
    connection = op.get_bind()
    found = set(sa.inspect(connection).get_table_names())
    _tables.create_all(connection)
    for name in found & _tables.tables.keys():
        _complete(connection, _tables.tables[name])


def _complete(connection: sa.Connection, table: sa.Table) -> None:
    there = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    for column in table.columns:
        if column.nullable and column.name not in there:
            definition = CreateColumn(column).compile(dialect=connection.dialect)
            op.execute(f"ALTER TABLE {table.name} ADD COLUMN {definition}")
    if table.name == "monitoring_windows" and "is_complete" in there:  # follows from start and length
        with op.batch_alter_table(table.name) as batch:
            batch.drop_column("is_complete")
    if table.name == "predictions":
        for name in _OUTDATED_INDEXES:
            op.execute(f"DROP INDEX IF EXISTS {name}")
    for index in table.indexes:
        index.create(connection, checkfirst=True)


def downgrade() -> None:
    _tables.drop_all(op.get_bind())
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION IF EXISTS promotion_ledger_only_grows")
