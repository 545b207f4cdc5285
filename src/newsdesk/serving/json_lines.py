"""JSON Lines in, JSON Lines out, of any length: https://jsonlines.org.

Answers are sent while the request still comes in. Whoever sends everything before reading anything is served as well:
answers then wait, beyond a megabyte on disk, so neither side blocks the other.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from tempfile import SpooledTemporaryFile

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from newsdesk.serving.batch_schemas import ErrorLine
from newsdesk.serving.errors import ApiError
from newsdesk.serving.rows import RowId

LONGEST_LINE = 8 * 1024 * 1024  # bytes
_IN_MEMORY = 1024 * 1024  # bytes
_CHUNK = 64 * 1024  # bytes

AnswerLines = Callable[[int, list[bytes]], Awaitable[bytes]]


class JsonLinesResponse(Response):
    """Answers the lines of the request's body, in order. `answer` takes the number of the first line, and the lines."""

    def __init__(self, answer: AnswerLines, batch_size: int, timeout: float) -> None:
        super().__init__(media_type="application/x-ndjson")
        del self.headers["content-length"]
        self._answer, self._batch_size, self._timeout = answer, batch_size, timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI has it
        with _Outbox() as outbox:
            reading = asyncio.create_task(self._read(receive, outbox))
            try:
                await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": self.raw_headers})
                async for chunk in outbox.chunks():
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await reading
                await send({"type": "http.response.body", "body": b""})
            finally:
                reading.cancel()

    async def _read(self, receive: Receive, outbox: "_Outbox") -> None:
        index = 0
        try:
            async for lines in self._lines(receive):
                for start in range(0, len(lines), self._batch_size):
                    some = lines[start : start + self._batch_size]
                    outbox.put(await self._answer(index, some))
                    index += len(some)
        except ApiError as refusal:  # the status is sent already: the last line tells
            outbox.put(failure_line(index, None, refusal))
        finally:
            outbox.close()

    async def _lines(self, receive: Receive) -> AsyncIterator[list[bytes]]:
        """The lines that each piece of the body completes, blank ones left out."""
        rest = b""
        is_last = False
        while not is_last:
            try:
                async with asyncio.timeout(self._timeout):
                    message = await receive()
            except TimeoutError:
                raise ApiError(
                    HTTPStatus.REQUEST_TIMEOUT, "Request Timeout", f"No line came for {self._timeout:g} s", "timeout"
                ) from None
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            is_last = not message.get("more_body", False)
            *lines, rest = (rest + message.get("body", b"")).split(b"\n")
            if is_last:
                lines.append(rest)
            if len(rest) > LONGEST_LINE:
                message_ = f"A line is longer than {LONGEST_LINE:,} bytes"
                raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Invalid input", message_, "line_too_long")
            if some := [line for line in lines if line.strip()]:
                yield some


def failure_line(index: int, line_id: RowId | None, refusal: ApiError) -> bytes:
    """The line that stands for a text that could not be answered."""
    line = ErrorLine(index=index, id=line_id, error=refusal.error, message=refusal.message, code=refusal.code)
    return line.model_dump_json().encode() + b"\n"


class _Outbox:
    """What was answered and not sent yet."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._sent = self._written = 0
        self._is_closed = False
        self._changed = asyncio.Event()

    def __enter__(self) -> "_Outbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, data: bytes) -> None:
        self._file.seek(self._written)
        self._file.write(data)
        self._written += len(data)
        self._changed.set()

    def close(self) -> None:
        self._is_closed = True
        self._changed.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        while True:
            if self._sent < self._written:
                self._file.seek(self._sent)
                chunk = self._file.read(_CHUNK)
                self._sent += len(chunk)
                yield chunk
            elif self._is_closed:
                return
            else:
                self._file.seek(0)
                self._file.truncate()
                self._sent = self._written = 0
                self._changed.clear()
                await self._changed.wait()
