"""What stands before every endpoint: the size of a body, and the time that a request may take."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsdesk.serving.admission_middleware import AdmissionMiddleware
from newsdesk.serving.body_limits import FORM, BodySizes
from newsdesk.serving.security.rate_limiter import RateLimiter
from newsdesk.serving.worker_threads import WorkerThreads
from tests.builders import settings_in
from tests.unit.serving.security.builders import Desk, request


async def read_all(receive: Receive) -> int:
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    return size


async def answer(send: Send, status: int = 200) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def reader(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads all and answers."""
    await read_all(receive)
    await answer(send)


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads all and never answers."""
    await read_all(receive)
    await asyncio.Event().wait()


async def slow_inside(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that gives up by itself at the very moment at which its time is over."""
    with suppress(TimeoutError):
        async with asyncio.timeout(0.02):
            await read_all(receive)
            time.sleep(0.2)  # both are over when the event loop has its turn
            await asyncio.Event().wait()
    await asyncio.Event().wait()


async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that begins to answer and never ends."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.Event().wait()


def ask(
    app: ASGIApp,
    folder: Path,
    pieces: Iterable[bytes] = (b"{}",),
    *,
    ends: bool = True,
    timeout: float = 30,
    **scope: Any,
) -> tuple[int, dict[str, str], int]:
    """Status and headers of the answer to a body in pieces, and how many pieces were taken."""
    settings = settings_in(folder)
    guard = AdmissionMiddleware(
        app,
        Desk(folder).access(API_AUTH="false"),
        RateLimiter(settings),
        timeout,
        BodySizes([]),
        WorkerThreads("long", 1),
    )
    waiting, sent = list(pieces), []
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        if not waiting:
            await asyncio.Event().wait()
        taken += 1
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting) or not ends}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(guard(request("POST", "/predict") | scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, taken


def test_a_body_of_the_largest_size_passes(tmp_path: Path) -> None:
    half = b"x" * (FORM.size // 2)
    assert ask(reader, tmp_path, [half, half])[0] == 200


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"10")]], ids=["none", "too little"])
def test_a_larger_body_is_refused_whatever_was_declared(headers: list[tuple[bytes, bytes]], tmp_path: Path) -> None:
    status, _, taken = ask(reader, tmp_path, [b"x" * 1_000_000] * 20, headers=headers)
    assert status == 413
    assert taken < 10


@pytest.mark.parametrize("declared", [FORM.size + 1, 10**30])
def test_a_body_that_is_declared_too_large_is_not_read_at_all(declared: int, tmp_path: Path) -> None:
    status, _, taken = ask(reader, tmp_path, headers=[(b"content-length", str(declared).encode())])
    assert (status, taken) == (413, 0)


def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path) -> None:
    status, headers, _ = ask(reader, tmp_path, [b"{"], ends=False, timeout=0.05)
    assert status == 408
    assert headers["connection"] == "close"


@pytest.mark.parametrize("application", [slow, slow_inside])
def test_an_answer_that_does_not_come_is_not_waited_for(application: ASGIApp, tmp_path: Path) -> None:
    status, headers, _ = ask(application, tmp_path, timeout=0.05)
    assert status == 503
    assert "connection" not in headers


def test_an_answer_that_has_begun_is_broken_off(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        ask(stuck, tmp_path, timeout=0.05)


def test_lines_are_neither_limited_nor_timed_here(tmp_path: Path) -> None:
    status, _, taken = ask(
        reader,
        tmp_path,
        [b"x" * 1_000_000] * 10,
        path="/predict/batch",
        headers=[(b"content-type", b"application/x-ndjson; charset=utf-8")],
    )
    assert (status, taken) == (200, 10)


def test_only_the_batch_takes_lines(tmp_path: Path) -> None:
    lines = [(b"content-type", b"application/x-ndjson")]
    assert ask(reader, tmp_path, [b"x" * 1_000_000] * 10, path="/predict", headers=lines)[0] == 413
