"""An idempotency key belongs to its caller, and feedback says whether an administrator vouched for that caller."""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations
from sqlalchemy.schema import SchemaItem

revision = "0002"
down_revision = "0001"
loses = "which feedback came by a trusted key, and idempotency keys that two callers chose alike, but the first one's"

_WITHOUT_CALLER = "ix_feedback_key_without_caller"

_moment = sa.DateTime(timezone=True)


def _feedback(*more: SchemaItem) -> sa.Table:
    """The table without the constraint that changes: SQLite keeps that without a name, and makes the table anew."""
    return sa.Table(
        "feedback",
        sa.MetaData(),
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("at", _moment, nullable=False),
        sa.Column("said_last_at", _moment, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("prediction_id", sa.String(36)),
        sa.Column("text_digest", sa.String(64)),
        sa.Column("text", sa.String),
        sa.Column("category", sa.String, nullable=False),
        sa.Column("editor", sa.String, nullable=False),
        sa.Column("key", sa.String),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("caller", sa.String),
        *more,
        sa.UniqueConstraint("subject", "editor", "revision"),
        sa.Index("ix_feedback_prediction_id", "prediction_id"),
        sa.Index("ix_feedback_text_digest", "text_digest"),
    )


def upgrade() -> None:
    with op.batch_alter_table("feedback", copy_from=_feedback()) as table:
        _drop(table, ["editor", "key"])
        table.add_column(sa.Column("trusted", sa.Boolean))
        table.create_unique_constraint("feedback_caller_editor_key_key", ["caller", "editor", "key"])
    # Databases take callers that are not known for different ones.
    none = sa.text("caller IS NULL")
    op.create_index(
        _WITHOUT_CALLER, "feedback", ["editor", "key"], unique=True, sqlite_where=none, postgresql_where=none
    )


def downgrade() -> None:
    op.drop_index(_WITHOUT_CALLER, "feedback")
    op.execute(
        "UPDATE feedback SET key = NULL WHERE EXISTS (SELECT 1 FROM feedback AS first WHERE first.editor = "
        "feedback.editor AND first.key = feedback.key AND (first.at, first.id) < (feedback.at, feedback.id))"
    )
    with op.batch_alter_table("feedback", copy_from=_feedback(sa.Column("trusted", sa.Boolean))) as table:
        _drop(table, ["caller", "editor", "key"])
        table.drop_column("trusted")
        table.create_unique_constraint("feedback_editor_key_key", ["editor", "key"])


def _drop(table: BatchOperations, columns: list[str]) -> None:
    if op.get_context().dialect.name == "postgresql":
        found = sa.inspect(op.get_bind()).get_unique_constraints("feedback")
        for one in found:  # the oldest stores have none
            if one["column_names"] == columns:
                table.drop_constraint(str(one["name"]))
