"""The outermost layer counts, times and answers, even if what it surrounds fails."""

import asyncio
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsdesk.monitoring.catalogue import ApiMetrics
from newsdesk.serving.access_log import AccessLog
from newsdesk.serving.observe import Observed
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


def ask(app: ASGIApp, metrics: ApiMetrics, **scope: Any) -> list[Message]:
    """What is sent in answer to a request."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Observed(app, metrics, AccessLog())(request("POST", "/predict") | scope, receive, send))
    return sent


def requests(metrics: ApiMetrics, status: int, method: str = "POST") -> float | None:
    labels = {"method": method, "endpoint": "unmatched", "status": str(status)}
    return metrics.registry.get_sample_value("api_requests_total", labels)


@pytest.fixture
def metrics() -> ApiMetrics:
    return ApiMetrics()


def test_an_answer_is_counted_and_timed_under_its_status(metrics: ApiMetrics) -> None:
    assert ask(fine, metrics)[0]["status"] == 204
    assert requests(metrics, 204) == 1
    labels = {"method": "POST", "endpoint": "unmatched"}
    assert metrics.registry.get_sample_value("api_request_duration_seconds_count", labels) == 1


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
    assert metrics.registry.get_sample_value("api_requests_in_progress") == 0


def test_methods_that_callers_make_up_share_one_label(metrics: ApiMetrics) -> None:
    for number in range(5):
        ask(fine, metrics, method=f"MADE-UP-{number}")
    assert requests(metrics, 204, "OTHER") == 5
