"""The log of pipeline runs: how each ended."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import JSON, Column, Engine, Index, Integer, String, Table, func, insert, select

from newsdesk.store.schema import UtcDateTime, metadata

Pipeline = Literal["ingest", "run", "retrain", "monitor"]
# succeeded: a model was put in charge, or the pass is done. kept: none was, for none is better. refused: the data or
# the model is not good enough. waiting: a person must say yes to the model's categories. skipped: there was nothing to
# do. failed: it could not end.
Status = Literal["succeeded", "kept", "refused", "waiting", "skipped", "failed"]

_runs = Table(
    "pipeline_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pipeline", String, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime, nullable=False),
    Column("status", String, nullable=False),
    Column("rows", JSON, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("ix_pipeline_runs_newest", "pipeline", "ended_at"),
)


@dataclass(frozen=True)
class PipelineRun:
    """One run that ended. `rows` counts rows by what became of them; `detail` is whatever else it has to tell."""

    pipeline: Pipeline
    started_at: datetime
    ended_at: datetime
    status: Status
    rows: dict[str, int] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)


def record_run(store: Engine, run: PipelineRun) -> None:
    """Record a run."""
    with store.begin() as connection:
        connection.execute(insert(_runs).values(**asdict(run)))


def newest_run(store: Engine, pipeline: Pipeline, *statuses: Status) -> PipelineRun | None:
    """The run that ended last, of any status or of these; None where there is none."""
    query = select(_runs).where(_runs.c.pipeline == pipeline).order_by(_runs.c.ended_at.desc(), _runs.c.id.desc())
    if statuses:
        query = query.where(_runs.c.status.in_(statuses))
    with store.connect() as connection:
        row = connection.execute(query.limit(1)).mappings().first()
    return None if row is None else PipelineRun(**{name: value for name, value in row.items() if name != "id"})


def count_runs(store: Engine) -> dict[tuple[str, str], int]:
    """How many runs there were, by pipeline and status."""
    query = select(_runs.c.pipeline, _runs.c.status, func.count()).group_by(_runs.c.pipeline, _runs.c.status)
    with store.connect() as connection:
        return {(pipeline, status): count for pipeline, status, count in connection.execute(query)}
