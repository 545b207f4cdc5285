import http.client
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import httpx
import pytest

from newsdesk.errors import UsageError
from newsdesk.monitoring.exporter.server import serve_metrics

TEXT = b"# HELP up 1 where it is.\n# TYPE up gauge\nup 1.0\n"


def test_metrics_are_told_as_prometheus_wants_them() -> None:
    with serve_metrics("127.0.0.1", 0, lambda: TEXT) as port:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics?name=up")
    assert (answer.status_code, answer.content) == (200, TEXT)
    assert answer.headers["content-type"].startswith("text/plain; version=")


def test_health_needs_no_source() -> None:
    with serve_metrics("127.0.0.1", 0, _never) as port:
        assert httpx.get(f"http://127.0.0.1:{port}/health").json() == {"status": "healthy"}


@pytest.mark.parametrize("path", ["/", "/metric", "/metrics/x", "/%2e%2e/etc/passwd"])
def test_there_is_nothing_else(path: str) -> None:
    with serve_metrics("127.0.0.1", 0, _never) as port:
        assert httpx.get(f"http://127.0.0.1:{port}{path}").status_code == 404


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
def test_nothing_can_be_changed(method: str) -> None:
    with serve_metrics("127.0.0.1", 0, _never) as port:
        assert httpx.request(method, f"http://127.0.0.1:{port}/metrics").status_code == 501


def test_many_may_ask_at_once() -> None:
    with serve_metrics("127.0.0.1", 0, lambda: TEXT) as port, ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda _: urlopen(f"http://127.0.0.1:{port}/metrics").read(), range(64)))
    assert answers == [TEXT] * 64


def test_whoever_says_nothing_keeps_nobody_waiting() -> None:
    with serve_metrics("127.0.0.1", 0, lambda: TEXT) as port:
        silent = http.client.HTTPConnection("127.0.0.1", port)
        silent.connect()
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").content == TEXT
        silent.close()


def test_a_defect_is_logged_and_the_next_question_answered(caplog: pytest.LogCaptureFixture) -> None:
    answers: list[Callable[[], bytes]] = [_never, lambda: TEXT]
    with serve_metrics("127.0.0.1", 0, lambda: answers.pop(0)()) as port:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"http://127.0.0.1:{port}/metrics")
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").content == TEXT
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == ["A request failed"]


def test_a_port_that_is_taken_is_told_with_the_fix() -> None:
    with (
        serve_metrics("127.0.0.1", 0, _never) as port,
        pytest.raises(UsageError, match=rf"Port {port} on 127\.0\.0\.1 cannot be used \(.+\)\. .*--port"),
        serve_metrics("127.0.0.1", port, _never),
    ):
        pass


def test_it_can_start_again_at_once_where_it_was() -> None:
    with serve_metrics("127.0.0.1", 0, lambda: TEXT) as port:
        httpx.get(f"http://127.0.0.1:{port}/metrics")
    with serve_metrics("127.0.0.1", port, lambda: TEXT) as again:
        assert httpx.get(f"http://127.0.0.1:{again}/metrics").content == TEXT


def _never() -> bytes:
    raise AssertionError("nobody asked for metrics")
