"""Monitoring passes on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsdesk.config.settings import Settings
from newsdesk.monitoring.report import Window
from newsdesk.pipeline.monitor import monitor
from newsdesk.pipeline.progress import NoProgress
from newsdesk.store.database import open_store
from newsdesk.store.feedback import record_feedback
from newsdesk.store.pipeline_runs import count_runs
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import Feedback, PredictionRecord, new_id, text_digest
from tests.stack.running import fitted, put_in_charge
from tests.stack.servers import postgresql

pytestmark = pytest.mark.stack

BEGIN = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)


def fill(address: str) -> None:
    """Two hours of predictions, some of them corrected."""
    digest = fitted(1.0)[1].digest
    store = open_store(address)
    insert_predictions(
        store,
        [
            PredictionRecord(
                id=f"{i:036}",
                at=BEGIN + timedelta(seconds=10 * i, microseconds=i),
                model_version="1",
                digest=digest,
                category=("sports", "politics")[i % 2],
                confidence=0.5 + i % 50 / 100,
                text_length=100 + i,
                text_digest=text_digest(str(i)),
                duration_ms=0.1,
                arm=("champion", None)[i % 3 == 0],
                known_share=0.7 if i % 2 else None,
                language="en" if i % 2 else None,
            )
            for i in range(720)
        ],
    )
    for i in range(0, 720, 6):
        said = "sports" if i % 12 else "business"
        record_feedback(store, Feedback(new_id(), BEGIN, said, "Ruth", prediction_id=f"{i:036}"))
    store.dispose()


def windows_at(folder: Path, address: str) -> tuple[Window, ...]:
    """What a pass finds there."""
    put_in_charge(folder)
    fill(address)
    settings = Settings.model_validate({"NEWSDESK_HOME": str(folder), "NEWSDESK_DATABASE_URL": address})
    return monitor(settings, NoProgress()).report.windows


def test_passes_at_once_on_postgresql_find_what_one_finds_on_sqlite(tmp_path: Path, programs: Path) -> None:
    (tmp_path / "one").mkdir()
    expected = windows_at(tmp_path / "one", f"sqlite:///{tmp_path / 'one.db'}")
    assert [window.performance.predictions for window in expected] == [360, 360]
    assert [window.performance.labelled for window in expected] == [60, 60]
    (tmp_path / "other").mkdir()
    with postgresql(programs) as address:
        assert windows_at(tmp_path / "other", address) == expected
        settings = Settings.model_validate({"NEWSDESK_HOME": str(tmp_path / "other"), "NEWSDESK_DATABASE_URL": address})
        with ThreadPoolExecutor(4) as passes:
            found = list(passes.map(lambda _: monitor(settings, NoProgress()).report.windows, range(8)))
        assert found == [expected] * 8
        store = open_store(address)
        assert count_runs(store) == {("monitor", "succeeded"): 9}
        store.dispose()
