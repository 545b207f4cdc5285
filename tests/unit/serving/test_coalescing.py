"""What a server writes with one call reaches a proxy whole, or not at all, whenever the server is killed."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

import pytest
import uvicorn
import uvloop
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from newsdesk.serving.hardened_http_protocol import HardenedHttpProtocol

REQUEST = b"GET /%d HTTP/1.1\r\nhost: newsdesk.test\r\n\r\n"
LAST = b"GET /%d HTTP/1.1\r\nhost: newsdesk.test\r\nconnection: close\r\n\r\n"
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


class Recorder:
    """A transport, and every call that wrote to it."""

    def __init__(self, transport: asyncio.Transport, writes: list[bytes]) -> None:
        self._transport, self._writes = transport, writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._writes.append(data)
        self._transport.write(data)

    def writelines(self, parts: Iterable[bytes]) -> None:
        parts = list(parts)
        self._writes.append(b"".join(parts))
        self._transport.writelines(parts)


async def asked(app: ASGIApp, *requests: bytes, writes: list[bytes]) -> bytes:
    """All that a client was answered until the connection was closed; adds the `writes` that it came from."""
    state = ServerState()
    config = uvicorn.Config(app, lifespan="off", server_header=False, date_header=False, log_config=None)
    config.load()

    class Recorded(HardenedHttpProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(Recorder(transport, writes))  # type: ignore[arg-type]

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Recorded(config=config, server_state=state, app_state={}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"".join(requests))
        answered = await asyncio.wait_for(reader.read(), 20)
        writer.close()
    return answered


def run(work: Coroutine[Any, Any, bytes], loop: Callable[[], asyncio.AbstractEventLoop]) -> bytes:
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(work)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("size", [0, 2, 1_500, 60_000, 3_000_000])
def test_an_answer_is_one_write(loop: Callable[[], asyncio.AbstractEventLoop], size: int) -> None:
    writes: list[bytes] = []
    answered = run(asked(PlainTextResponse("x" * size), LAST % 0, writes=writes), loop)
    assert answered.endswith(b"\r\n\r\n" + b"x" * size)
    assert writes == [answered]


@pytest.mark.parametrize("loop", LOOPS)
def test_each_of_several_answers_on_a_connection_is_one_write(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    writes: list[bytes] = []
    answered = run(asked(PlainTextResponse("ok"), REQUEST % 1, REQUEST % 2, LAST % 3, writes=writes), loop)
    assert len(writes) == 3
    assert answered == b"".join(writes)
    assert all(one.startswith(b"HTTP/1.1 200") and one.endswith(b"ok") for one in writes)


@pytest.mark.parametrize("loop", LOOPS)
def test_what_is_written_is_not_held_until_there_is_more(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    writes: list[bytes] = []
    seen: list[int] = []

    async def parts() -> AsyncIterator[str]:
        for number in range(5):
            yield f"part {number};"
            await asyncio.sleep(0.01)
            seen.append(len(writes))

    answered = run(asked(StreamingResponse(parts()), LAST % 0, writes=writes), loop)
    assert answered == b"".join(writes)
    assert seen == sorted(set(seen)), "each part was written before the next was made"
