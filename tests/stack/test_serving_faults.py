"""What a real server is made of is killed, stopped, or filled up while it is busy: it answers on and loses nothing."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stack.load import Known, known_answers, marked_texts, under_load
from tests.stack.running import column, predictor, put_in_charge, serving
from tests.stack.servers import (
    free_port,
    stoppable_postgresql,
)
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def known() -> Known:
    return known_answers({"1": predictor(1.0)}, marked_texts())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    put_in_charge(tmp_path / "var")
    return tmp_path / "var"


def test_a_worker_that_is_killed_is_replaced_and_no_acknowledged_feedback_is_lost(
    tmp_path: Path, home: Path, known: Known
) -> None:
    with serving(tmp_path, home, "--workers", "2") as server:
        eventually(lambda: server.starts() == 2, "two workers are up")
        with under_load(server.port, known, pause=0.005, editors=4, may_retry=True) as tally:
            for _ in range(3):
                tally.wait_for_feedback()
                workers = server.workers()
                os.kill(workers[0], signal.SIGKILL)
                eventually(lambda: len(set(server.workers()) - set(workers)) == 1, "a new worker")  # noqa: B023
            tally.wait_for_feedback()
    tally.check("a worker killed three times")
    store = f"sqlite:///{home / 'newsdesk.db'}"
    stored = column(store, "feedback")
    # What a worker took before it was killed may be sent again and spooled as new: later it is found to be the same.
    assert {feedback for feedback, status in tally.feedback.items() if status != 202} <= set(stored)
    assert len(stored) == len(tally.feedback)
    assert tally.retried > 0
    lost = set(tally.predictions) - set(column(store, "predictions"))
    print(f"{len(lost)} predictions went with the three workers, those they had not logged yet")


def test_while_postgresql_is_away_everything_is_answered_and_afterwards_everything_is_there(
    tmp_path: Path, home: Path, known: Known, programs: Path
) -> None:
    with stoppable_postgresql(programs) as postgresql:
        store = postgresql.address
        with serving(tmp_path, home, NEWSDESK_DATABASE_URL=store) as server:
            with under_load(server.port, known, pause=0.01, editors=4) as tally:
                for _ in range(2):
                    tally.wait_for_feedback(status=201)
                    postgresql.stop()
                    tally.wait_for_feedback(status=202)
                    assert "The store is away" in server.problem()
                    postgresql.start()
                    tally.wait_for_feedback(status=201)
            eventually(server.is_healthy, "the store is back")
            eventually(server.log_is_written, "what was queued is written")
            assert server.metric("prediction_log_records_total", result="dropped") == 0
            assert server.metric("prediction_log_records_total", result="spooled") > 0
        tally.check("PostgreSQL stopped and started twice")
        assert tally.retried == 0
        assert sorted(column(store, "feedback")) == sorted(tally.feedback)
        assert sorted(column(store, "predictions")) == sorted(tally.predictions)
    assert list((home / "spool").iterdir()) == []


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[None]:
    """A file system of its own, that soon is full."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may make a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("wb", buffering=0) as filler:
        for size in (65536, 4096, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                continue


def test_on_a_full_disk_predictions_are_answered_and_feedback_is_refused_or_kept(tmp_path: Path, known: Known) -> None:
    home = tmp_path / "var"
    with small_disk(home, 16_000):
        put_in_charge(home)
        store = f"sqlite:///{home / 'newsdesk.db'}"
        with serving(tmp_path, home) as server:
            with under_load(server.port, known, pause=0.02, editors=4) as tally:
                tally.wait_for_feedback(status=201)
                fill(home)
                eventually(lambda: tally.refused["store_unavailable"] > 30, "feedback is refused")
                answered = len(tally.predictions)
                eventually(lambda: len(tally.predictions) > answered + 100, "predictions go on")
                eventually(lambda: "could not be logged" in server.problem(), "health tells of it")
                (home / "filler").unlink()
                tally.wait_for_feedback(status=201)
            dropped = server.metric("prediction_log_records_total", result="dropped")
            eventually(server.log_is_written, "what was queued is written")
        tally.check(f"a disk that was full, {dropped:.0f} predictions not logged")
        assert tally.retried == 0
        assert sorted(column(store, "feedback")) == sorted(tally.feedback)
        logged = column(store, "predictions")
        assert set(logged) <= set(tally.predictions)
        assert len(logged) + dropped == len(tally.predictions)


def test_a_full_disk_for_temporary_files_ends_no_worker_and_keeps_none_from_starting(
    tmp_path: Path, home: Path, known: Known
) -> None:
    disk = tmp_path / "temporary"
    with small_disk(disk, 10_000), serving(tmp_path, home, "--workers", "2", TMPDIR=str(disk)) as server:
        eventually(lambda: server.starts() == 2, "two workers are up")
        workers = server.workers()
        with under_load(server.port, known, connections=4, pause=0.005, editors=1, may_retry=True) as tally:
            fill(disk)
            tally.wait_for_feedback()
            assert server.workers() == workers
            assert tally.retried == 0
            os.kill(workers[0], signal.SIGKILL)
            eventually(lambda: server.starts() == 3, "a new one is up")
            tally.wait_for_feedback()
        tally.check("a full disk for temporary files, and a worker killed")
        assert len(server.workers()) == 2
        lost = len(tally.predictions) - server.metric("predictions_total")
        assert abs(lost) <= 40  # cut off, or not told yet by the one that was killed


def test_without_any_room_for_temporary_files_a_server_starts_answers_and_ends_in_time(
    tmp_path: Path, home: Path, known: Known
) -> None:
    """Its workers die again and again: answers come before figures, and SIGTERM before whatever hangs."""
    disk, seconds = tmp_path / "temporary", 6
    limits = {"TMPDIR": str(disk), "API_TIMEOUT": str(seconds)}
    with small_disk(disk, 512), serving(tmp_path, home, "--workers", "2", **limits) as server:
        eventually(lambda: server.starts() == 2, "two workers are up")
        with under_load(server.port, known, connections=2, pause=0.02, editors=1, may_retry=True) as tally:
            for death in range(3):
                os.kill(server.workers()[0], signal.SIGKILL)
                eventually(lambda: server.starts() == 3 + death, "a new one is up")  # noqa: B023
            tally.wait_for_feedback()
            assert server.metric("predictions_total") == 0  # told nowhere
        tally.check("no room for temporary files, and workers killed")
        with socket.create_connection(("127.0.0.1", server.port)) as hanging:
            hanging.sendall(b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
            begun = time.monotonic()
            server.stop()
            assert time.monotonic() - begun < seconds + 2
        assert [file for file in disk.rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("registry", ["refuses", "is silent"])
def test_with_everything_down_the_last_good_model_answers_within_seconds(
    tmp_path: Path, home: Path, known: Known, registry: str
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1] if registry == "is silent" else free_port()
        addresses = {
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
            "NEWSDESK_DATABASE_URL": f"postgresql://newsdesk:not-to-be-shown@127.0.0.1:{free_port()}/postgres",
            "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        }
        begun = time.monotonic()
        with serving(tmp_path, home, **addresses) as server:
            print(f"\nthe registry {registry}: up after {time.monotonic() - begun:.1f} s")
            with under_load(server.port, known, connections=2, pause=0.01, editors=2) as tally:
                tally.wait_for_feedback(10, status=202)
                eventually(lambda: "does not answer" in server.problem(), "the registry is named")
                eventually(lambda: "The store is away" in server.problem(), "the store is named")
                assert server.get("/health")["status"] == "degraded"
                assert server.get("/ready") == {"ready": True}
            log = server.log.read_text(encoding="utf-8")
    tally.check("with everything down")
    assert tally.retried == 0
    assert "not-to-be-shown" not in log
    assert not (home / "newsdesk.db").exists()
