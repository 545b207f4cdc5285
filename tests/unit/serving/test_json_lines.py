"""Lines in, lines out, without a network: the same however the body is cut, and in little memory."""

import asyncio
import json
import tracemalloc
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect
from starlette.types import Message

from newsdesk.serving.errors import invalid_input
from newsdesk.serving.json_lines import LONGEST_LINE, AnswerLines, JsonLinesResponse


async def echo(first: int, lines: list[bytes]) -> bytes:
    return b"".join(b"%d:%s\n" % (index, line) for index, line in enumerate(lines, start=first))


def answered(
    pieces: Iterable[bytes], answer: AnswerLines = echo, batch_size: int = 3, *, reads_last: bool = False
) -> bytes:
    """The answer to a body in pieces; `reads_last`: to a client that reads nothing before all of them are taken."""
    sent: list[bytes] = []
    waiting = [*pieces, b""]
    is_all_taken = asyncio.Event()

    async def receive() -> Message:
        piece = waiting.pop(0)
        if not waiting:
            is_all_taken.set()
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        if reads_last:
            await is_all_taken.wait()
            return
        sent.append(message.get("body", b""))

    asyncio.run(JsonLinesResponse(answer, batch_size, 30)({"type": "http"}, receive, send))
    return b"".join(sent)


@given(
    lines=st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=12),
    cuts=st.lists(st.integers(0, 150), max_size=8),
    batch_size=st.integers(1, 5),
)
@settings(deadline=None)
def test_the_same_lines_are_answered_however_the_body_is_cut(
    lines: list[bytes], cuts: list[int], batch_size: int
) -> None:
    body = b"\n".join(lines)
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[begin:end] for begin, end in pairwise(edges)]
    full = [line for line in lines if line.strip()]
    expected = b"".join(b"%d:%s\n" % numbered for numbered in enumerate(full))
    assert answered(pieces, batch_size=batch_size) == expected


def test_no_more_lines_are_answered_at_once_than_allowed() -> None:
    sizes = []

    async def count(_: int, lines: list[bytes]) -> bytes:
        sizes.append(len(lines))
        return b"x\n"

    answered([b"a\n" * 10], count, batch_size=4)
    assert sizes == [4, 4, 2]


def test_answers_that_nobody_reads_yet_take_little_memory() -> None:
    size, count = 100_000, 400

    async def long_answer(_: int, lines: list[bytes]) -> bytes:
        return b"x" * size * len(lines)

    tracemalloc.start()
    try:
        answered([b"a\n"] * count, long_answer, reads_last=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size * count / 8


def test_a_failure_in_the_middle_is_the_last_line() -> None:
    async def fail_at_second(first: int, lines: list[bytes]) -> bytes:
        if first >= 1:
            raise invalid_input("No more")
        return await echo(first, lines)

    answer, failure = answered([b"a\nb\nc\n"], fail_at_second, batch_size=1).splitlines()
    assert answer == b"0:a"
    assert json.loads(failure)["message"] == "No more"
    assert json.loads(failure)["index"] == 1


def test_a_line_may_be_as_long_as_allowed() -> None:
    async def measure(_: int, lines: list[bytes]) -> bytes:
        return b"%d\n" % len(lines[0])

    piece = b"x" * (LONGEST_LINE // 8)
    assert answered([piece] * 8 + [b"\n"], measure) == b"%d\n" % LONGEST_LINE
    assert b"line_too_long" in answered([piece] * 8 + [b"x"], measure)


def test_a_client_that_leaves_ends_the_work() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        """Nobody listens."""

    with pytest.raises(ClientDisconnect):
        asyncio.run(JsonLinesResponse(echo, 3, 30)({"type": "http"}, receive, send))
