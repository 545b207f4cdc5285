import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.store.feedback import Annotation, current_feedback
from newsdesk.store.records import Feedback, FeedbackConflict, FeedbackReceipt, StoreError
from tests.unit.serving.test_prediction_log import Desk, eventually, started
from tests.unit.store.rows import feedback, store_in


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def send(log: PredictionLog, *said: Feedback) -> list[FeedbackReceipt]:
    async def all_of_them() -> list[FeedbackReceipt]:
        return await asyncio.gather(*(log.feedback(one) for one in said))

    return asyncio.run(all_of_them())


def annotations(desk: Desk) -> list[Annotation]:
    if not desk.var.is_dir():
        return []
    with store_in(desk.var) as store:
        return sorted(current_feedback(store))


@contextmanager
def acknowledging(desk: Desk, count: int) -> Iterator[subprocess.Popen[str]]:
    """A server that has just acknowledged feedback of `count` editors, and has done nothing since."""
    script = f"""
import asyncio, sys, time
from pathlib import Path
from tests.unit.serving.test_prediction_log import Desk
from tests.unit.serving.test_feedback_service import send
from tests.unit.store.rows import feedback
log = Desk(Path(sys.argv[1])).log()
recorded = send(log, *(feedback(editor=f"editor {{n}}") for n in range({count})))
print(*{{one.status for one in recorded}}, len(recorded), flush=True)
time.sleep(60)
"""
    command = [sys.executable, "-c", script, str(desk.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as process:
        yield process
        process.send_signal(signal.SIGKILL)


def test_feedback_is_in_the_store_when_it_is_acknowledged(desk: Desk) -> None:
    log, said = desk.log(), feedback()
    assert send(log, said) == [FeedbackReceipt(said.id, "created")]
    assert [annotation[:3] for annotation in annotations(desk)] == [(said.text_digest, "Ruth", "sport")]
    assert send(log, feedback()) == [FeedbackReceipt(said.id, "unchanged")]


def test_a_conflict_is_told(desk: Desk) -> None:
    log = desk.log()
    send(log, feedback(key="k"))
    with pytest.raises(FeedbackConflict):
        send(log, feedback(key="k", category="politics"))


def test_requests_at_once_are_all_answered(desk: Desk) -> None:
    recorded = send(desk.log(), *(feedback(editor=f"editor {n}") for n in range(30)))
    assert {one.status for one in recorded} <= {"created", "spooled"}
    with started(desk.log()):
        eventually(lambda: len(annotations(desk)) == 30)


def test_while_the_store_is_away_feedback_waits_on_disk_and_is_written_when_it_is_back(desk: Desk) -> None:
    desk.break_down()
    with started(desk.log()) as log:
        said = [feedback(editor="Jo"), feedback(), feedback(category="politics")]
        assert send(log, said[0]) == [FeedbackReceipt(said[0].id, "spooled")]
        assert [one.status for one in send(log, *said[1:])] == ["spooled", "spooled"]
        desk.repair()
        eventually(lambda: len(annotations(desk)) == 2)
        assert {annotation.editor for annotation in annotations(desk)} == {"Jo", "Ruth"}
    assert list((desk.folder / "spool").iterdir()) == []


def test_a_store_that_does_not_answer_in_time_is_not_waited_for_and_nothing_counts_twice(desk: Desk) -> None:
    said = feedback()
    log = desk.log()
    with desk.locked():
        assert send(log, said) == [FeedbackReceipt(said.id, "spooled")]
    with started(desk.log()):
        eventually(lambda: len(annotations(desk)) == 1)


def test_where_store_and_spool_are_both_away_feedback_is_refused(desk: Desk) -> None:
    desk.break_down()
    (desk.folder / "spool").write_text("a file, where a folder should be")
    with pytest.raises(StoreError, match="could not be kept"):
        send(desk.log(), feedback())


def test_a_line_that_is_no_feedback_does_not_hold_up_the_others(desk: Desk) -> None:
    desk.break_down()
    log = desk.log()
    send(log, feedback())
    log.stop(1)
    (file,) = (desk.folder / "spool").iterdir()
    file.write_text('{"id": "no feedback"}\n{"at": 1}\n' + file.read_text())
    desk.repair()
    with started(desk.log()):
        eventually(lambda: len(annotations(desk)) == 1)


@pytest.mark.parametrize("status", ["created", "spooled"])
def test_feedback_that_was_acknowledged_outlives_a_server_that_is_killed_at_once(desk: Desk, status: str) -> None:
    if status == "spooled":
        desk.break_down()
    with acknowledging(desk, 5) as server:
        assert server.stdout
        assert server.stdout.readline() == f"{status} 5\n"
    if status == "spooled":
        desk.repair()
        with started(desk.log()):
            eventually(lambda: len(annotations(desk)) == 5)
    assert len(annotations(desk)) == 5
