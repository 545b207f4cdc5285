"""The load generator itself, against a server that remembers what it was sent."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from benchmarks.serving.load import Load, Measured, Target, measure, write_texts

pytestmark = pytest.mark.stack
TEXTS = ['Cup "final"\n', "Rates rise", "Zoë wins"]


@contextmanager
def remembering(seen: list[str], status: int = 200) -> Iterator[str]:
    """A server that answers every request with `status`; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            seen.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["text"])
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/predict"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def load(tmp_path: Path, missing: Callable[[str], None]) -> Load:
    if shutil.which("wrk") is None:
        missing("wrk")
    return Load(write_texts(tmp_path / "texts.txt", TEXTS), connections=2, seconds=1)


def sent(load: Load, status: int = 200) -> tuple[list[str], Measured]:
    seen: list[str] = []
    with remembering(seen, status) as url:
        return seen, measure(Target(url, '{"text": "', '"}'), load)


def test_no_text_is_sent_twice_not_even_in_the_warm_up(load: Load) -> None:
    seen, measured = sent(load)
    assert len(seen) == len(set(seen)) > measured.requests > 0
    assert all(text.startswith(tuple(TEXTS)) for text in seen)
    assert measured.errors == 0
    assert 0 < measured.p50 <= measured.p95 <= measured.p99


def test_texts_are_repeated_as_they_are_where_that_is_asked_for(load: Load) -> None:
    seen, _ = sent(Load(load.texts, load.connections, load.seconds, repeated=True))
    assert set(seen) == set(TEXTS)


def test_a_refusal_is_counted_as_an_error(load: Load) -> None:
    _, measured = sent(load, status=503)
    assert measured.errors == measured.requests > 0
    assert measured.rate == 0
