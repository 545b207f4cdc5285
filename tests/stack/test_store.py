"""The prediction log and feedback with a real PostgreSQL that is stopped and started, and servers that are killed."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.arm_comparison import compare_live
from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.store.engine import store_engine
from newsdesk.store.feedback import Annotation, current_feedback, record_feedback
from newsdesk.store.migration import migrate
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import Feedback, FeedbackConflict, FeedbackReceipt, PredictionRecord
from newsdesk.store.revisions import revisions
from tests.stack.servers import Postgresql
from tests.unit.store.opening import migrate_at_once, open_at_once
from tests.unit.store.rows import feedback, opened, prediction
from tests.waiting import eventually

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]


def kept(address: str) -> list[str]:
    """The ids of all predictions in the store."""
    with opened(address) as store, store.connect() as connection:
        return sorted(connection.execute(text("SELECT id FROM predictions")).scalars())


def annotations(address: str) -> list[Annotation]:
    with opened(address) as store:
        return sorted(current_feedback(store))


def ids(answers: list[PredictionRecord]) -> list[str]:
    return sorted(answer.id for answer in answers)


@contextmanager
def started(address: str, folder: Path) -> Iterator[PredictionLog]:
    log = PredictionLog(address, folder / "spool", on_event=lambda *_: None, interval=0.02)
    log.start()
    try:
        yield log
    finally:
        log.stop(20)


def send(log: PredictionLog, *said: Feedback) -> list[FeedbackReceipt]:
    async def all_of_them() -> list[FeedbackReceipt]:
        return await asyncio.gather(*(log.feedback(one) for one in said))

    return asyncio.run(all_of_them())


SERVE = """
import asyncio, sys, time
from pathlib import Path
from newsdesk.serving.prediction_log import PredictionLog
from tests.unit.store.rows import feedback, prediction

async def acknowledge():
    recorded = await asyncio.gather(*(log.feedback(feedback(editor=f"{sys.argv[3]} {n}")) for n in range(10)))
    return {one.status for one in recorded}

log = PredictionLog(sys.argv[1], Path(sys.argv[2]), on_event=lambda *_: None, interval=0.02)
log.start()
for _ in range(300):
    log.record(prediction(caller=sys.argv[3]))
while log.written + log.spooled < 300:
    time.sleep(0.02)
print(*asyncio.run(acknowledge()), flush=True)
sys.stdin.readline()
log.stop(20)
"""


@contextmanager
def serving(address: str, folder: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """A server process that has made 300 predictions and acknowledged the feedback of 10 editors."""
    command = [sys.executable, "-c", SERVE, address, str(folder / "spool"), name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def acknowledged(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_a_batch_is_kept_once_however_often_it_is_written(address: str) -> None:
    answers = [prediction(text="Küche, 日本", arm="champion") for _ in range(50)]
    with opened(address) as store:
        for batch in (answers[:30], answers[20:], answers):
            assert insert_predictions(store, batch) == 0
    assert kept(address) == ids(answers)


def test_writers_of_the_same_rows_at_once_keep_them_once(address: str) -> None:
    answers = [prediction() for _ in range(200)]
    with opened(address) as store, ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda _: insert_predictions(store, answers), range(4))) == 0
    assert kept(address) == ids(answers)


def test_a_row_that_postgresql_refuses_costs_no_other_row(address: str) -> None:
    good = [prediction() for _ in range(4)]
    with opened(address) as store:
        assert insert_predictions(store, [prediction(text="a\0b"), *good, prediction(id="x" * 40)]) == 2
    assert kept(address) == ids(good)


def test_feedback_at_once_keeps_one_row_for_a_key_and_every_change_of_mind(address: str) -> None:
    requests = [feedback(key="k") for _ in range(8)] + [feedback(key=f"key {n}") for n in range(8)]
    with opened(address) as store, ThreadPoolExecutor(8) as threads:
        recorded = list(threads.map(lambda request: record_feedback(store, request), requests))
        assert len({one.id for one in recorded[:8]}) == 1
        with pytest.raises(FeedbackConflict):
            record_feedback(store, feedback(key="k", category="politics"))
        with store.connect() as connection:
            revisions = connection.execute(text("SELECT revision FROM feedback ORDER BY revision")).scalars().all()
    assert revisions == list(range(1, 10))


def test_the_longest_feedback_that_is_allowed_fits_into_the_indexes(address: str) -> None:
    wide = "𝕏" * 200
    with opened(address) as store:
        said = feedback(editor=wide, key=wide, category=wide, prediction_id="𝕏" * 36)
        assert record_feedback(store, said).status == "created"


def test_processes_that_open_a_new_store_at_once_all_find_it_whole(address: str) -> None:
    open_at_once(address, 5)
    with opened(address) as store, store.connect() as connection:
        triggers = connection.execute(text("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'promotion%'")).scalar()
    assert triggers == 1


def test_nothing_is_lost_while_postgresql_is_stopped_and_started_again(
    server: Postgresql, address: str, tmp_path: Path
) -> None:
    answers = [prediction() for _ in range(900)]
    editors = [feedback(editor=f"editor {n}") for n in range(9)]
    with started(address, tmp_path) as log:
        try:
            for part in range(3):
                if part == 1:
                    eventually(lambda: log.written == 300)
                    server.stop()
                if part == 2:
                    server.start()
                for answer in answers[part * 300 : part * 300 + 300]:
                    log.record(answer)
                assert len(send(log, *editors[part * 3 : part * 3 + 3])) == 3
                if part == 1:
                    eventually(lambda: log.spooled == 300)
        finally:
            server.start()
        eventually(lambda: len(kept(address)) == 900 and len(annotations(address)) == 9)
        assert log.dropped == 0
    assert kept(address) == ids(answers)
    assert list((tmp_path / "spool").iterdir()) == []


def test_feedback_that_was_acknowledged_outlives_a_server_that_is_killed_at_once(address: str, tmp_path: Path) -> None:
    with serving(address, tmp_path, "worker") as process:
        assert acknowledged(process) == "created"
    assert len(annotations(address)) == 10


def test_workers_of_one_server_lose_nothing_when_one_is_killed_while_postgresql_is_away(
    server: Postgresql, address: str, tmp_path: Path
) -> None:
    server.stop()
    try:
        with serving(address, tmp_path, "killed") as killed, serving(address, tmp_path, "survivor") as survivor:
            assert acknowledged(killed) == "spooled"
            assert acknowledged(survivor) == "spooled"
            killed.kill()
            killed.wait()
            server.start()
            with started(address, tmp_path):  # a third one drains at the same time
                eventually(lambda: len(kept(address)) == 600 and len(annotations(address)) == 20)
    finally:
        server.start()
    with opened(address) as store, store.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM feedback")).scalar() == 20


def test_feedback_is_not_held_up_by_a_store_that_hangs_and_is_not_written_twice(address: str, tmp_path: Path) -> None:
    with started(address, tmp_path) as log:
        assert [one.status for one in send(log, feedback(editor="first"))] == ["created"]
        with opened(address) as store, store.begin() as connection:
            connection.execute(text("LOCK TABLE feedback IN ACCESS EXCLUSIVE MODE"))
            assert {one.status for one in send(log, feedback(), feedback(editor="Jo"))} == {"spooled"}
        eventually(lambda: len(annotations(address)) == 3)
    with opened(address) as store, store.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM feedback")).scalar() == 3


def test_a_live_experiment_is_compared(address: str) -> None:
    said = ["wrong"] * 12 + ["right"] * 8
    answers = [
        prediction(text_digest=f"text {n}", category=category, arm="champion") for n, category in enumerate(said)
    ]
    shadows = [
        prediction(
            text_digest=answer.text_digest,
            category="right",
            arm="shadow",
            model_version="2",
            digest="sha256:cd",
            pair_id=answer.id,
        )
        for answer in answers
    ]
    with opened(address) as store:
        insert_predictions(store, answers + shadows)
        for answer in answers:
            record_feedback(store, feedback(prediction_id=answer.id, category="right"))
        conclusion = compare_live(store, FeedbackLimits()).conclusion
    assert conclusion == "Version 2, the shadow, is better than version 1 (p = 0.00049, exact McNemar test)."


def test_an_older_store_gets_the_columns_that_it_lacks_though_many_migrate_it_at_once(address: str) -> None:
    with opened(address) as store:
        migrate(store, "0001", may_lose=True)
    engine = store_engine(address)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE feedback DROP COLUMN caller"))
        connection.execute(text("ALTER TABLE predictions DROP COLUMN terms"))
        connection.execute(text("DROP TABLE newsdesk_version"))
    engine.dispose()
    assert sorted(migrate_at_once(address, 4)) == ["", "", "", " ".join(step.id for step in revisions())]
    with opened(address) as store:
        insert_predictions(store, [prediction(id="p", terms="ab")])
        record_feedback(store, feedback(prediction_id="p", caller="newsroom"))
        assert [annotation.caller for annotation in current_feedback(store)] == ["newsroom"]
