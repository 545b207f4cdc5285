"""`newsdesk serve --workers`, the real command: several processes that are one server."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.stack.load import eventually, known_answers, marked_texts, under_load
from tests.stack.running import Server, column, only, predictor, put_in_charge, serving
from tests.stack.servers import free_port
from tests.waiting import PATIENCE

UNFINISHED = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"
GOOD_SECRET = "k9Vw-3bTq_ZrXp7LmN2sYd8FhJ4cGtEa6uQ"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    put_in_charge(tmp_path / "var")
    return tmp_path / "var"


def predict(server: Server, number: int, **headers: str) -> httpx.Response:
    return server.post("/predict", json={"text": marked_texts(number + 1)[number]}, headers=headers)


def test_what_workers_count_adds_up_and_a_killed_one_takes_only_its_gauges_along(tmp_path: Path, home: Path) -> None:
    with serving(tmp_path, home, "--workers", "3") as server:
        eventually(lambda: server.starts() == 3, "three workers are up")
        workers = server.workers()
        assert len(workers) == 3
        for count, worker in enumerate(workers, start=1):
            with only(worker, workers):
                for number in range(count):
                    assert predict(server, number).status_code == 200
        with only(workers[0], workers), socket.create_connection(("127.0.0.1", server.port)) as unfinished:
            unfinished.sendall(UNFINISHED)
            eventually(lambda: server.metric("api_requests_in_progress") == 2, "the unfinished request is counted")
            os.kill(workers[0], signal.SIGKILL)
        eventually(lambda: server.starts() == 4, "the killed worker is replaced")
        assert len(server.workers()) == 3
        assert server.metric("api_requests_in_progress") == 1  # the one that asks
        assert server.metric("api_requests_total", endpoint="/predict", status="200") == 6
        assert server.metric("predictions_total", model_version="1") == 6
        assert server.metric("model_info", version="1") == 1


def test_every_worker_follows_the_champion_and_the_metrics_name_the_new_one_alone(tmp_path: Path, home: Path) -> None:
    with serving(tmp_path, home, "--workers", "2", MODEL_REFRESH_INTERVAL="0.1") as server:
        eventually(lambda: server.starts() == 2, "two workers are up")
        workers = server.workers()
        assert predict(server, 0).json()["model_version"] == "1"
        put_in_charge(home, version="2", alpha=0.1)
        eventually(lambda: server.metric("model_swaps_total", result="swapped") == 2, "both workers have swapped")
        for worker in workers:
            with only(worker, workers):
                assert predict(server, 0).json()["model_version"] == "2"
        assert server.metric("model_info", version="1") == 0
        assert server.metric("model_info", version="2") == 1


@pytest.mark.parametrize("workers", [1, 2])
def test_requests_that_were_begun_are_answered_before_the_server_ends_in_peace(
    tmp_path: Path, home: Path, workers: int
) -> None:
    known = known_answers({"1": predictor(1.0)}, marked_texts())
    with serving(tmp_path, home, "--workers", str(workers)) as server:
        eventually(lambda: server.starts() == workers, "all workers are up")
        with under_load(server.port, known, may_retry=True) as tally:
            eventually(lambda: len(tally.predictions) > 500, "500 answers")
            assert server.stop() in ([0, -signal.SIGTERM] if workers == 1 else [0])
        begun, lines = server.answered(), server.lines()
    print(f"\n{workers} stopped under load: {tally}")  # noqa: T201 - figures
    assert tally.wrong == []
    assert {line["message"] for line in lines if "POST" in line["message"]} == {"POST /predict 200"}
    assert begun - tally.answered == set()
    assert set(tally.failures) == {"/predict unanswered"}  # nobody listens any more
    assert sorted(column(f"sqlite:///{home / 'newsdesk.db'}", "predictions")) == sorted(tally.predictions)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_whose_terminal_is_closed_writes_what_waits(tmp_path: Path, home: Path, workers: int) -> None:
    with at_hangup(signal.SIG_DFL), serving(tmp_path, home, "--workers", str(workers)) as server:
        eventually(lambda: server.starts() == workers, "all workers are up")
        ids = [predict(server, number).json()["prediction_id"] for number in range(20)]
        os.killpg(server.process.pid, signal.SIGHUP)
        assert server.process.wait(timeout=PATIENCE) in ([0, -signal.SIGTERM] if workers == 1 else [0])
    assert sorted(column(f"sqlite:///{home / 'newsdesk.db'}", "predictions")) == sorted(ids)


def test_under_nohup_a_server_goes_on_without_its_terminal(tmp_path: Path, home: Path) -> None:
    with at_hangup(signal.SIG_IGN), serving(tmp_path, home, "--workers", "2") as server:
        eventually(lambda: server.starts() == 2, "all workers are up")
        os.killpg(server.process.pid, signal.SIGHUP)
        time.sleep(2)
        assert predict(server, 0).status_code == 200
        assert server.starts() == 2


@contextmanager
def at_hangup(action: signal.Handlers) -> Iterator[None]:
    """What commands do at SIGHUP that are started meanwhile; under nohup the suite itself would have them ignore it."""
    before = signal.signal(signal.SIGHUP, action)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def test_every_worker_tells_the_same_time_of_the_last_prediction(tmp_path: Path, home: Path) -> None:
    with serving(tmp_path, home, "--workers", "2") as server:
        eventually(lambda: server.starts() == 2, "two workers are up")
        first, second = workers = server.workers()
        for worker, number in ((first, 0), (second, 1), (first, 2)):
            with only(worker, workers):
                made = predict(server, number).json()["timestamp"]
        told = set()
        for worker in workers:
            with only(worker, workers):
                told.add(server.get("/health")["last_prediction"])
        assert told == {made}


def test_a_token_of_one_worker_is_taken_by_every_worker_though_no_secret_is_set(tmp_path: Path, home: Path) -> None:
    key = newsdesk(home, "keys", "create", "newsroom", "--json").stdout
    with serving(tmp_path, home, "--workers", "2", API_AUTH="true") as server:
        eventually(lambda: server.starts() == 2, "two workers are up")
        first, second = workers = server.workers()
        with only(first, workers):
            token = server.post("/auth/token", json={"api_key": json.loads(key)["key"]}).json()["access_token"]
        for worker in workers:
            with only(worker, workers):
                assert predict(server, 0, Authorization=f"Bearer {token}").status_code == 200
                assert predict(server, 0).status_code == 401
        os.kill(second, signal.SIGKILL)
        eventually(lambda: server.starts() == 3, "the killed worker is replaced")
        (new,) = set(server.workers()) - set(workers)
        with only(new, server.workers()):
            assert predict(server, 0, Authorization=f"Bearer {token}").status_code == 200


@pytest.mark.parametrize(
    ("workers", "secret"), [("1", ""), ("2", ""), ("2", "tooshort"), ("2", "changeme" * 8), ("2", "a" * 64)]
)
def test_production_does_not_start_without_a_strong_secret(home: Path, secret: str, workers: str) -> None:
    ended = newsdesk(home, "serve", "--workers", workers, NEWSDESK_ENVIRONMENT="production", API_SECRET_KEY=secret)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("newsdesk: API_SECRET_KEY")
    assert ended.stderr.count("\n") == 1
    assert not secret or secret not in ended.stderr


def test_production_with_a_strong_secret_answers_nobody_it_does_not_know(tmp_path: Path, home: Path) -> None:
    settings = {"NEWSDESK_ENVIRONMENT": "production", "API_SECRET_KEY": GOOD_SECRET}
    with serving(tmp_path, home, "--workers", "2", **settings) as server:
        assert predict(server, 0).status_code == 401
        assert server.get("/health")["status"] == "healthy"


def test_workers_that_cannot_start_end_the_server_with_the_sentence(tmp_path: Path) -> None:
    ended = newsdesk(tmp_path / "var", "serve", "--workers", "2")
    assert ended.returncode == 1
    assert "There is no champion to serve" in ended.stderr
    assert "Traceback" not in ended.stderr


def newsdesk(home: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "newsdesk", *arguments],
        cwd=home.parent,
        env=dict(os.environ) | {"NEWSDESK_HOME": str(home), "API_PORT": str(free_port())} | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
