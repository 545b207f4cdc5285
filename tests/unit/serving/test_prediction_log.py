import asyncio
import logging
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.store.records import PredictionRecord, TextMismatch, text_digest
from tests.unit.store.rows import feedback, prediction, store_in
from tests.waiting import eventually


class Desk:
    """A folder with a store that may be away, and logs that write to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.var = folder / "var"
        self.events: Counter[str] = Counter()

    def log(self, **settings: Any) -> PredictionLog:
        def count(what: str, number: int) -> None:
            self.events[what] += number

        address, spool = f"sqlite:///{self.var / 'store.db'}", self.folder / "spool"
        return PredictionLog(address, spool, **({"on_event": count, "interval": 0.02} | settings))

    def break_down(self) -> None:
        self.var.write_text("a file, where a folder should be")

    def repair(self) -> None:
        self.var.unlink()

    def kept(self) -> list[str]:
        """The ids in the store."""
        with closing(sqlite3.connect(self.var / "store.db")) as connection:
            return sorted(key for (key,) in connection.execute("SELECT id FROM predictions"))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let every writer wait."""
        self.var.mkdir(exist_ok=True)
        with store_in(self.var), closing(sqlite3.connect(self.var / "store.db", isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@contextmanager
def started(log: PredictionLog) -> Iterator[PredictionLog]:
    log.start()
    try:
        yield log
    finally:
        log.stop(10)


def records(count: int) -> list[PredictionRecord]:
    return [prediction() for _ in range(count)]


def ids(answers: list[PredictionRecord]) -> list[str]:
    return sorted(answer.id for answer in answers)


def test_answers_reach_the_store_while_the_log_runs(desk: Desk) -> None:
    answers = records(120)
    with started(desk.log(batch_size=50)) as log:
        for answer in answers:
            log.record(answer)
        eventually(lambda: log.written == 120)
        assert log.is_store_up
        assert desk.kept() == ids(answers)
    assert desk.events == {"written": 120}
    assert (log.dropped, log.spooled) == (0, 0)


def test_stopping_writes_what_is_queued(desk: Desk) -> None:
    answers = records(120)
    with started(desk.log(interval=60, batch_size=50)) as log:
        for answer in answers:
            log.record(answer)
    assert desk.kept() == ids(answers)


def test_an_answer_that_finds_the_queue_full_is_dropped_and_counted(desk: Desk) -> None:
    log = desk.log(capacity=10)
    answers = records(13)
    for answer in answers:
        log.record(answer)
    assert log.dropped == 3
    with started(log):
        pass
    assert desk.kept() == ids(answers[:10])
    assert desk.events == {"dropped": 3, "written": 10}


def test_drops_are_counted_whoever_records(desk: Desk) -> None:
    log = desk.log(capacity=0)
    answer = prediction()
    threads = [Thread(target=lambda: [log.record(answer) for _ in range(5000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.dropped == 20_000


def test_while_the_store_is_away_answers_go_to_disk_and_into_the_store_when_it_is_back(desk: Desk) -> None:
    desk.break_down()
    answers = records(60)
    with started(desk.log()) as log:
        for answer in answers[:40]:
            log.record(answer)
        eventually(lambda: log.spooled == 40)
        assert not log.is_store_up
        desk.repair()
        for answer in answers[40:]:
            log.record(answer)
        eventually(lambda: log.written == 60)
        assert log.is_store_up
        assert desk.kept() == ids(answers)
    assert log.dropped == 0
    assert list((desk.folder / "spool").iterdir()) == []


def test_what_a_server_left_on_disk_the_next_one_writes(desk: Desk) -> None:
    desk.break_down()
    answers = records(5)
    with started(desk.log()) as log:
        for answer in answers:
            log.record(answer)
    assert log.spooled == 5
    desk.repair()
    with started(desk.log()) as next_log:
        eventually(lambda: next_log.written == 5)
    assert desk.kept() == ids(answers)


def test_a_line_that_is_no_prediction_does_not_hold_up_the_others(desk: Desk) -> None:
    answer = prediction()
    log = desk.log()
    log.record(answer)
    log.stop(1)
    (file,) = (desk.folder / "spool").iterdir()
    file.write_text('{"id": "no prediction"}\n{"at": 1}\n' + file.read_text())
    with started(desk.log()) as next_log:
        eventually(lambda: next_log.written == 1)
    assert desk.kept() == [answer.id]
    assert next_log.dropped == 2


def test_a_log_that_was_never_started_still_loses_nothing_when_it_is_stopped(desk: Desk) -> None:
    answer = prediction()
    log = desk.log()
    log.record(answer)
    log.stop(1)
    with started(desk.log()) as next_log:
        eventually(lambda: next_log.written == 1)
    assert desk.kept() == [answer.id]


def test_where_store_and_spool_both_take_nothing_answers_are_counted_as_dropped(desk: Desk) -> None:
    desk.break_down()
    with started(desk.log(spool_bytes=100)) as log:
        for answer in records(7):
            log.record(answer)
        eventually(lambda: log.dropped == 7)
    assert desk.events == {"dropped": 7}


def test_a_store_that_hangs_does_not_keep_the_server_from_stopping_and_nothing_is_written_twice(desk: Desk) -> None:
    answers = records(20)
    log = desk.log(batch_size=5)
    with desk.locked():
        log.start()
        for answer in answers:
            log.record(answer)
        eventually(lambda: len(log._queue) < 20)
        log.stop(0.1)
        assert log.spooled == 20
    with started(desk.log()):
        eventually(lambda: desk.kept() == ids(answers))


def test_an_answer_that_the_store_refuses_for_good_is_dropped_and_the_others_are_kept(desk: Desk) -> None:
    answers = records(3)
    with started(desk.log()) as log:
        log.record(prediction(category=None))
        for answer in answers:
            log.record(answer)
    assert desk.kept() == ids(answers)
    assert desk.events == {"written": 3, "dropped": 1}


def test_no_failure_ends_the_log_or_shows_a_text(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    def fail(what: str, number: int) -> None:
        raise RuntimeError("an article")

    answers = [prediction(text="an article") for _ in range(2)]
    with caplog.at_level(logging.DEBUG), started(desk.log(on_event=fail)) as log:
        for number, answer in enumerate(answers, start=1):
            log.record(answer)
            eventually(lambda number=number: log.written == number)
        desk.var.rename(desk.folder / "elsewhere")
        desk.break_down()
        log.record(answers[0])
        eventually(lambda: log.spooled == 1)
    assert "the prediction log failed: RuntimeError" in caplog.text
    assert "an article" not in caplog.text


def test_the_log_is_ready_without_loading_the_database_library() -> None:
    script = (
        "import sys, newsdesk.serving.prediction_log\n"
        "assert not any(name.partition('.')[0] in {'sqlalchemy', 'psycopg'} for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_text_is_held_against_a_prediction_that_is_not_written_yet(desk: Desk) -> None:
    answer, log = prediction(text_digest=text_digest("Lakers win the championship")), desk.log()
    log.record(answer)
    other = feedback(prediction_id=answer.id, text="Lakers win", text_digest=text_digest("Lakers win"))
    with pytest.raises(TextMismatch):
        asyncio.run(log.feedback(other))
    right = feedback(prediction_id=answer.id, text_digest=answer.text_digest)
    assert asyncio.run(log.feedback(right)).status == "created"
    log.stop(10)
