"""How a pipeline ended, whatever the end, for those who watch."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from newsdesk.config.settings import Settings
from newsdesk.errors import DataError, NewsdeskError
from newsdesk.pipeline.gate_options import NOTHING_SAID, GateOptions
from newsdesk.stopping import Stopped, defer_stop

if TYPE_CHECKING:
    from newsdesk.store.pipeline_runs import Pipeline, Status
    from newsdesk.training.gate import Decision

STATUS_OF: "dict[Decision, Status]" = {
    "promoted": "succeeded",
    "kept": "kept",
    "unchanged": "kept",
    "refused": "refused",
    "waiting": "waiting",
}

logger = logging.getLogger(__name__)


@dataclass
class RunLogEntry:
    """What the store records of a run; nothing without a status."""

    status: "Status | None" = None
    rows: dict[str, int] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)


@contextmanager
def log_run(settings: Settings, pipeline: "Pipeline", options: GateOptions = NOTHING_SAID) -> Iterator[RunLogEntry]:
    """Remember in the store how the `with` block ended: as it said, or by its error, which is raised again. Not
    where it is to have no effect."""
    started, entry = datetime.now(UTC), RunLogEntry()
    try:
        yield entry
    except (Exception, KeyboardInterrupt, Stopped) as error:
        entry.status = "refused" if isinstance(error, DataError) else "failed"
        entry.detail["error"] = error.code if isinstance(error, NewsdeskError) else type(error).__name__
        raise
    finally:
        if entry.status is not None and options.effect != "nothing":
            with defer_stop():
                _record(settings, pipeline, started, entry.status, entry)


def _record(settings: Settings, pipeline: "Pipeline", started: datetime, status: "Status", entry: RunLogEntry) -> None:
    """Record a run. If the store fails, this is only logged: the run's outcome does not depend on it."""
    from sqlalchemy.exc import SQLAlchemyError

    from newsdesk.store.database import open_store
    from newsdesk.store.pipeline_runs import PipelineRun, record_run

    try:
        store = open_store(settings.database)
        try:
            record_run(store, PipelineRun(pipeline, started, datetime.now(UTC), status, entry.rows, entry.detail))
        finally:
            store.dispose()
    except (NewsdeskError, SQLAlchemyError, OSError) as error:
        logger.warning("The store cannot remember how %s ended (%s)", pipeline, type(error).__name__)
