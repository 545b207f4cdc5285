"""A stream of JSON Lines is bounded: in bytes that wait for its client, in work for each byte, and by its key."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from newsdesk.serving.app import create_app
from newsdesk.serving.json_lines import JsonLinesResponse
from newsdesk.serving.response_buffer import DiskBudget, ResponseBuffer
from newsdesk.serving.security.key_file import add_key, remove_key
from newsdesk.serving.security.keys import new_key
from tests.builders import settings_in
from tests.integration.api.builders import HEADLINE, Api, listening, predictor, running
from tests.integration.api.test_json_lines import LINE, connected, send_chunks
from tests.serving import service_of, value_of

MIB = 1024 * 1024


def on_disk() -> int:
    """Bytes of the files that this process has open and that have no name."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            state = descriptor.stat()
        except OSError:
            continue
        if state.st_nlink == 0 and str(descriptor.readlink()).startswith("/tmp"):
            found += state.st_size
    return found


def endless(piece: bytes) -> Iterator[bytes]:
    while True:
        yield piece


def stream(response: JsonLinesResponse, pieces: Iterator[bytes], reads: asyncio.Event, seconds: float) -> int:
    """How many pieces were taken in so many seconds by a client that reads once `reads` is set."""
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        await asyncio.sleep(0)
        piece = next(pieces, None)
        taken += piece is not None
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(_: Message) -> None:
        await reads.wait()

    async def run() -> None:
        await asyncio.wait([asyncio.create_task(response({"type": "http"}, receive, send))], timeout=seconds)

    asyncio.run(run())
    return taken


def test_a_client_that_reads_nothing_is_not_read_from_beyond_what_may_wait() -> None:
    size = MIB

    async def answer(_: int, lines: list[bytes]) -> bytes:
        return b"x" * size * len(lines)

    room = DiskBudget()
    taken = stream(JsonLinesResponse(answer, 100, 30, room), endless(b"a\n"), asyncio.Event(), 3)
    assert 64 <= taken * size / MIB < 70
    assert room == DiskBudget()


def test_all_clients_of_a_process_together_have_no_more_than_their_room() -> None:
    async def answer(_: int, lines: list[bytes]) -> bytes:
        return b"x" * MIB * len(lines)

    room = DiskBudget(free=8 * MIB)
    with ResponseBuffer(room) as other:
        for _ in range(7):
            other.put(b"x" * MIB)
        taken = stream(JsonLinesResponse(answer, 100, 30, room), endless(b"a\n"), asyncio.Event(), 1)
    assert taken <= 5
    assert room == DiskBudget(free=8 * MIB)


def test_once_the_client_reads_the_stream_goes_on_and_nothing_is_missing() -> None:
    async def both() -> list[bytes]:
        found = []
        with ResponseBuffer(DiskBudget()) as outbox:

            async def fill() -> None:
                for number in range(150):
                    outbox.put(b"%d;" % number + b"x" * MIB + b"\n")
                    await outbox.wait_for_room()
                outbox.close(b"last\n")

            filling = asyncio.create_task(fill())
            await asyncio.sleep(0.5)
            assert not filling.done()
            found = [chunk async for chunk in outbox.chunks()]
            await filling
        return b"".join(found).splitlines()

    *lines, last = asyncio.run(both())
    assert [int(line.partition(b";")[0]) for line in lines] == list(range(150))
    assert {len(line.partition(b";")[2]) for line in lines} == {MIB}
    assert last == b"last"


def test_where_the_disk_has_no_room_the_last_line_says_where_the_answers_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    sent: list[bytes] = []

    async def answer(first: int, lines: list[bytes]) -> bytes:
        return (b'{"index":%d}' % first + b" " * MIB)[:MIB] + b"\n" * len(lines)

    async def run() -> None:
        pieces = [b"a\n"] * 3 + [b""]
        is_over = asyncio.Event()

        async def receive() -> Message:
            piece = pieces.pop(0)
            is_over.set()
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

        async def send(message: Message) -> None:
            await is_over.wait()
            sent.append(message.get("body", b""))

        await JsonLinesResponse(answer, 1, 30)({"type": "http"}, receive, send)

    asyncio.run(run())
    failure = json.loads(b"".join(sent).splitlines()[-1])
    assert (failure["code"], failure["index"]) == ("disk_full", 0)


def test_who_never_reads_is_left_and_what_waited_for_it_is_gone(tmp_path: Path) -> None:
    service = service_of(settings_in(tmp_path, API_TIMEOUT="1", PREDICTION_LOG="false"), predictor())
    before = on_disk()
    with listening(create_app(service), head_timeout=1) as address, connected(address) as plug:
        plug.settimeout(10)
        begun = time.monotonic()
        with pytest.raises((ConnectionError, TimeoutError)):
            send_chunks(plug, endless(LINE * 200))
        while value_of(service.metrics, "api_requests_in_progress") and time.monotonic() < begun + 60:
            time.sleep(0.05)
        assert value_of(service.metrics, "api_requests_in_progress") == 0
        assert on_disk() <= before + MIB


def test_single_bytes_of_a_long_line_cost_no_more_than_the_bytes_of_short_ones() -> None:
    """Twenty thousand single bytes, at the end of a line of 7.8 MB and at the end of a short one."""

    async def answer(_: int, lines: list[bytes]) -> bytes:
        return b"x\n" * len(lines)

    def seconds(length: int) -> float:
        reads = asyncio.Event()

        def pieces() -> Iterator[bytes]:
            yield b"x" * length
            yield from [b"x"] * 20_000
            reads.set()  # so that it ends at once

        begun = time.process_time()
        assert stream(JsonLinesResponse(answer, 100, 30), pieces(), reads, 60) == 20_001
        return time.process_time() - begun

    assert seconds(7_800_000) < 3 * seconds(1) + 0.5


async def answered(_: int, lines: list[bytes]) -> bytes:
    return b"{}\n" * len(lines)


async def trickle() -> Message:
    """A line every hundredth of a second."""
    await asyncio.sleep(0.01)
    return {"type": "http.request", "body": b"a\n", "more_body": True}


def test_a_stream_ends_after_its_time_with_a_line_that_says_so() -> None:
    sent: list[bytes] = []

    async def run() -> None:
        async def send(message: Message) -> None:
            sent.append(message.get("body", b""))

        await JsonLinesResponse(answered, 100, 30, max_seconds=0.3)({"type": "http"}, trickle, send)

    asyncio.run(asyncio.wait_for(run(), 20))
    *answers, last = b"".join(sent).splitlines()
    failure = json.loads(last)
    assert failure["code"] == "timeout"
    assert failure["index"] == len(answers) > 0


def test_who_takes_nothing_after_the_time_of_a_stream_is_left() -> None:
    async def run() -> None:
        async def send(_: Message) -> None:
            await asyncio.Event().wait()

        await JsonLinesResponse(answered, 100, 0.2, max_seconds=0.2)({"type": "http"}, trickle, send)

    with pytest.raises(ClientDisconnect):
        asyncio.run(asyncio.wait_for(run(), 20))


def piecewise(api: Api, key: str, between: Any, pieces: int = 3) -> list[dict[str, Any]]:
    """The answers to lines of which each comes in a piece of its own; `between` is done after the first."""

    async def body() -> Any:
        for number in range(pieces):
            if number == 1:
                between()
            yield LINE

    headers = {"Content-Type": "application/x-ndjson", "X-API-Key": key}
    response = api.post("/predict/batch", content=body(), headers=headers)
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.content.splitlines()]


def guarded(folder: Path, **settings: str) -> Any:
    return running(folder, API_AUTH="true", PREDICTION_LOG="false", **settings)


def nothing() -> None:
    """Happens between the first line and the next."""


@pytest.mark.parametrize("is_token", [False, True], ids=["a key", "its token"])
@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_a_stream_ends_with_its_key(tmp_path: Path, end: str, is_token: bool) -> None:
    key, text = new_key("newsroom", frozenset({"predict"}))
    add_key(settings_in(tmp_path).keys_file, key)
    with guarded(tmp_path) as api:
        credential = text
        if is_token:
            credential = api.post("/auth/token", json={"api_key": text}).json()["access_token"]

        def finish() -> None:
            remove_key(settings_in(tmp_path).keys_file, "newsroom")
            if end == "expired":
                past = datetime.now(UTC) - timedelta(seconds=1)
                add_key(settings_in(tmp_path).keys_file, key.model_copy(update={"expires_at": past}))
            time.sleep(1.1)  # a server looks once in a second

        send = {"Authorization": f"Bearer {credential}"}

        async def body() -> Any:
            yield LINE
            finish()
            yield LINE
            yield LINE

        headers = {"Content-Type": "application/x-ndjson"} | send
        response = api.post("/predict/batch", content=body(), headers=headers)
    answer, failure = (json.loads(line) for line in response.content.splitlines())
    assert answer["prediction"] == "sports"
    assert failure["code"] == ("invalid_token" if is_token else "invalid_key")
    assert failure["index"] == 1


@pytest.mark.parametrize(("limit", "answers"), [("1/hour", 1), ("3/hour", 3)])
def test_a_stream_ends_at_the_limit_of_its_key(tmp_path: Path, limit: str, answers: int) -> None:
    key, text = new_key("newsroom", frozenset({"predict"}), limit)
    add_key(settings_in(tmp_path).keys_file, key)
    with guarded(tmp_path) as api:
        *good, failure = piecewise(api, text, nothing, 6)
        assert len(good) == answers
        assert (failure["code"], failure["index"]) == ("too_many_requests", answers)
        headers = {"X-API-Key": text}
        assert api.post("/predict", json={"text": HEADLINE}, headers=headers).status_code == 429


def test_a_limit_that_is_free_again_within_a_second_slows_a_stream_and_does_not_end_it(tmp_path: Path) -> None:
    key, text = new_key("newsroom", frozenset({"predict"}), "3/second")
    add_key(settings_in(tmp_path).keys_file, key)
    with guarded(tmp_path) as api:
        begun = time.monotonic()
        answers = piecewise(api, text, nothing, 8)
        assert [answer["prediction"] for answer in answers] == ["sports"] * 8
        assert time.monotonic() - begun > 1
