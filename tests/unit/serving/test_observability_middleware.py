"""The outermost layer counts, times and answers, even if what it surrounds fails."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsdesk.config.settings import Settings
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.serving.access_log import AccessLog
from newsdesk.serving.client_labels import ClientLabels
from newsdesk.serving.observability_middleware import ObservabilityMiddleware
from newsdesk.serving.security.caller import Caller
from tests.serving import value_of
from tests.unit.serving.security.builders import request

TEXT = "an article"


async def fine(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    raise ZeroDivisionError(TEXT)


async def failing_late(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ZeroDivisionError(TEXT)


async def left(scope: Scope, receive: Receive, send: Send) -> None:
    raise ClientDisconnect


async def given_up(scope: Scope, receive: Receive, send: Send) -> None:
    raise asyncio.CancelledError


def ask(app: ASGIApp, metrics: ApiMetrics, pieces: Sequence[bytes] = (b"",), **scope: Any) -> list[Message]:
    """What is sent in answer to a request, whose body comes in pieces."""
    sent: list[Message] = []
    coming = list(pieces)

    async def receive() -> Message:
        return {"type": "http.request", "body": coming.pop(0), "more_body": bool(coming)}

    async def send(message: Message) -> None:
        sent.append(message)

    origin = ClientLabels(
        Settings.model_validate({"API_COUNTRY_HEADER": "X-Country", "API_TRUSTED_PROXIES": "10.0.0.0/8"})
    )
    asyncio.run(
        ObservabilityMiddleware(app, metrics, origin, AccessLog())(request("POST", "/predict") | scope, receive, send)
    )
    return sent


def requests(metrics: ApiMetrics, status: int, method: str = "POST") -> float | None:
    labels = {"method": method, "endpoint": "unmatched", "status": str(status)}
    return value_of(metrics, "api_requests_total", labels)


@pytest.fixture
def metrics() -> ApiMetrics:
    return ApiMetrics()


def test_an_answer_is_counted_and_timed_under_its_status(metrics: ApiMetrics) -> None:
    assert ask(fine, metrics)[0]["status"] == 204
    assert requests(metrics, 204) == 1
    labels = {"method": "POST", "endpoint": "unmatched"}
    assert value_of(metrics, "api_request_duration_seconds_count", labels) == 1


def test_a_defect_is_answered_and_told_without_what_it_says(
    metrics: ApiMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    start, body = ask(failing, metrics)
    assert start["status"] == 500
    assert b'"code":"internal_error"' in body["body"]
    assert requests(metrics, 500) == 1
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.getMessage().startswith(f"ZeroDivisionError at {__file__}")
    assert TEXT not in caplog.text + str(body)


def test_a_defect_after_the_start_of_an_answer_is_told_and_nothing_more_is_sent(
    metrics: ApiMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    assert [message["type"] for message in ask(failing_late, metrics)] == ["http.response.start"]
    assert requests(metrics, 200) == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_client_that_left_is_counted_and_is_no_defect(metrics: ApiMetrics, caplog: pytest.LogCaptureFixture) -> None:
    assert ask(left, metrics) == []
    assert requests(metrics, 499) == 1
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("app", [fine, failing, failing_late, left])
def test_afterwards_nothing_is_in_progress(app: ASGIApp, metrics: ApiMetrics) -> None:
    ask(app, metrics)
    assert value_of(metrics, "api_requests_in_progress") == 0


def test_methods_that_callers_make_up_share_one_label(metrics: ApiMetrics) -> None:
    for number in range(5):
        ask(fine, metrics, method=f"MADE-UP-{number}")
    assert requests(metrics, 204, "OTHER") == 5


async def echoing(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads all, and sends it back twice."""
    parts = []
    while True:
        message = await receive()
        parts.append(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(2):
        await send({"type": "http.response.body", "body": b"".join(parts), "more_body": True})
    await send({"type": "http.response.body"})


def test_sizes_are_those_of_what_came_and_of_what_was_sent(metrics: ApiMetrics) -> None:
    ask(echoing, metrics, pieces=(b"x" * 100, b"", b"y" * 50))
    assert size_of(metrics, "request") == 150
    assert size_of(metrics, "response") == 300


def test_a_body_that_was_announced_and_never_read_has_no_size(metrics: ApiMetrics) -> None:
    ask(fine, metrics, headers=[(b"content-length", b"999999999999")])
    assert size_of(metrics, "request") == 0


def test_requests_are_counted_by_country_and_by_caller(metrics: ApiMetrics) -> None:
    desk = Caller("desk", frozenset(), key_id="0" * 16)
    ask(fine, metrics, caller=desk, peer=("10.0.0.7", 1), headers=[(b"x-country", b"ch")])
    ask(fine, metrics)
    for country in ("CH", "unknown"):
        assert value_of(metrics, "api_requests_by_country_total", {"country": country}) == 1
    for caller in ("desk", "anonymous"):
        assert value_of(metrics, "api_requests_by_caller_total", {"caller": caller}) == 1


def size_of(metrics: ApiMetrics, what: str) -> float | None:
    return value_of(metrics, f"api_{what}_size_bytes_sum", {"endpoint": "unmatched"})


def test_what_a_server_that_ends_has_no_more_time_for_is_answered_as_every_failure_is(metrics: ApiMetrics) -> None:
    start, body = ask(given_up, metrics)
    assert start["status"] == 503
    assert b'"code":"timeout"' in body["body"]
    assert requests(metrics, 503) == 1
