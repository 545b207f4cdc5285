"""Answers that several servers share in a real Redis, and what becomes of requests when it goes away."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from redis import Redis

from newsdesk.serving import cache
from tests.integration.api.builders import HEADLINE, MARK, Api, predictor, running
from tests.stack.servers import free_port
from tests.stack.test_limits_redis import redis_server

pytestmark = pytest.mark.stack


@pytest.fixture
def port(missing: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(cache, "_REDIS_TIMEOUT", 5.0)  # a busy machine is no failure
    if shutil.which("redis-server") is None:
        missing("Redis")
    return free_port()


@pytest.fixture
def _never_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_REDIS_PAUSE", 0.0)


def hits(api: Api) -> float:
    return api.metric("prediction_cache_requests_total", result="hit")


def test_what_one_server_answered_another_one_answers_alike(tmp_path: Path, port: int) -> None:
    address = f"redis://127.0.0.1:{port}/0"
    with redis_server(tmp_path, port):
        with running(tmp_path / "one", REDIS_URL=address) as one:
            first = one.predict()
            assert hits(one) == 0
        with running(tmp_path / "two", REDIS_URL=address, PREDICTION_CACHE_SIZE="0") as two:
            second = two.predict(threshold=1.0, top_k=2)
            assert hits(two) == 1
        with Redis(port=port) as client:
            (key,) = client.keys()
            assert 0 < int(client.ttl(key)) <= 3600
    assert second["prediction"] == "uncertain"
    assert first["prediction_id"] != second["prediction_id"]
    assert (first["confidence"], first["digest"]) == (second["confidence"], second["digest"])
    assert list(second["probabilities"].items()) == list(first["probabilities"].items())[:2]


def test_another_bundle_has_answers_of_its_own(tmp_path: Path, port: int) -> None:
    address = f"redis://127.0.0.1:{port}/0"
    with redis_server(tmp_path, port):
        with running(tmp_path / "one", REDIS_URL=address) as one:
            one.predict()
        with running(tmp_path / "two", predictor("MultinomialNB"), REDIS_URL=address) as two:
            assert two.predict()["confidence"] == predictor("MultinomialNB").predict(HEADLINE).confidence
            assert hits(two) == 0


def test_no_text_is_in_redis(tmp_path: Path, port: int) -> None:
    with redis_server(tmp_path, port), running(tmp_path, REDIS_URL=f"redis://127.0.0.1:{port}/0") as api:
        api.predict(f"{HEADLINE} {MARK}")
        with Redis(port=port) as client:
            held = [(key, client.get(key)) for key in client.scan_iter("newsdesk:prediction:*")]
    assert held
    assert MARK not in str(held)


@pytest.mark.parametrize("held", [b"", b"nonsense", b"[]", b"{}", b'{"sports": "x"}', b"\xff"])
def test_what_is_no_answer_in_redis_is_left_out(held: bytes, tmp_path: Path, port: int) -> None:
    address = f"redis://127.0.0.1:{port}/0"
    with redis_server(tmp_path, port), running(tmp_path, REDIS_URL=address, PREDICTION_CACHE_SIZE="0") as api:
        said = api.predict()
        with Redis(port=port) as client:
            (key,) = client.keys()
            client.set(key, held)
        again = api.predict()
    assert again["probabilities"] == said["probabilities"]


@pytest.mark.usefixtures("_never_paused")
def test_while_redis_is_away_every_request_is_answered_and_afterwards_it_is_used_again(
    tmp_path: Path, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with running(tmp_path, REDIS_URL=f"redis://:{MARK}@127.0.0.1:{port}/0", PREDICTION_CACHE_SIZE="0") as api:
        without = api.predict()
        with redis_server(tmp_path, port), Redis(port=port) as client:
            client.config_set("requirepass", MARK)
            assert [api.predict()["confidence"] for _ in range(3)] == [without["confidence"]] * 3
            assert hits(api) == 2
        assert api.predict()["confidence"] == without["confidence"]
        assert api.get("/health").json()["status"] == "healthy"
    assert "The cache in Redis is left out" in caplog.text
    assert MARK not in caplog.text


def test_a_redis_that_hangs_holds_up_one_request_and_not_the_next(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with running(tmp_path, REDIS_URL=address, PREDICTION_CACHE_SIZE="0") as api:
            first, second = api.predict(), api.predict()
    assert second["probabilities"] == first["probabilities"]
