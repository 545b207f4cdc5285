"""JSON Lines in, JSON Lines out, of any length: https://jsonlines.org.

Answers are sent while the request still comes in. Whoever sends everything before reading anything is served as well:
answers then wait in an outbox, and beyond its room nothing more is read until they are taken.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from newsdesk.serving.batch_schemas import ErrorLine
from newsdesk.serving.errors import ApiError
from newsdesk.serving.request_rows import RowId
from newsdesk.serving.response_buffer import DiskBudget, ResponseBuffer

LONGEST_LINE = 8 * 1024 * 1024  # bytes
LONGEST_STREAM = 3600.0  # seconds

AnswerLines = Callable[[int, list[bytes]], Awaitable[bytes]]


class JsonLinesResponse(Response):
    """Answers the lines of the request's body, in order. `answer` takes the number of the first line, and the lines.

    Nothing is answered after `longest` seconds, and `timeout` seconds later the rest of the answers is given up.
    """

    def __init__(
        self,
        answer: AnswerLines,
        batch_size: int,
        timeout: float,
        room: DiskBudget | None = None,
        longest: float = LONGEST_STREAM,
    ) -> None:
        super().__init__(media_type="application/x-ndjson")
        del self.headers["content-length"]
        self._answer, self._batch_size, self._timeout = answer, batch_size, timeout
        self._room, self._longest = room or DiskBudget(), longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI has it
        with ResponseBuffer(self._room) as outbox:
            reading = asyncio.create_task(self._read(receive, outbox))
            try:
                async with asyncio.timeout(self._longest + self._timeout):
                    await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": self.raw_headers})
                    async for chunk in outbox.chunks():
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    await reading
                    await send({"type": "http.response.body", "body": b""})
            except TimeoutError:
                raise ClientDisconnect from None
            finally:
                reading.cancel()

    async def _read(self, receive: Receive, outbox: ResponseBuffer) -> None:
        index, last = 0, b""
        try:
            async with asyncio.timeout(self._longest):
                async for lines in self._lines(receive):
                    for start in range(0, len(lines), self._batch_size):
                        some = lines[start : start + self._batch_size]
                        outbox.put(await self._answer(index, some))
                        index += len(some)
                        await outbox.wait_for_room()
                        await asyncio.sleep(0)  # lines that are refused are answered without waiting for anything
        except ApiError as refusal:  # the status is sent already: the last line tells
            last = failure_line(index, None, refusal)
        except TimeoutError:
            last = failure_line(index, None, _too_slow(f"A stream ends after {self._longest:g} s: send the rest anew"))
        except OSError:
            last = failure_line(index, None, _no_disk())
        finally:
            outbox.close(last)

    async def _lines(self, receive: Receive) -> AsyncIterator[list[bytes]]:
        """The lines that each piece of the body completes, blank ones left out. Every byte is looked at once, however
        the body is cut."""
        rest = bytearray()
        is_last = False
        while not is_last:
            try:
                async with asyncio.timeout(self._timeout):
                    message = await receive()
            except TimeoutError:
                raise _too_slow(f"No line came for {self._timeout:g} s") from None
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            is_last = not message.get("more_body", False)
            *lines, end = message.get("body", b"").split(b"\n")
            if lines:
                lines[0] = bytes(rest + lines[0])
                rest.clear()
            rest += end
            if is_last:
                lines.append(bytes(rest))
            if len(rest) > LONGEST_LINE:
                message_ = f"A line is longer than {LONGEST_LINE:,} bytes"
                raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Invalid input", message_, "line_too_long")
            if some := [line for line in lines if line.strip()]:
                yield some
            await asyncio.sleep(0)  # what has come already is received without waiting


def failure_line(index: int, line_id: RowId | None, refusal: ApiError) -> bytes:
    """The line that stands for a text that could not be answered."""
    line = ErrorLine(index=index, id=line_id, error=refusal.error, message=refusal.message, code=refusal.code)
    return line.model_dump_json().encode() + b"\n"


def _too_slow(message: str) -> ApiError:
    return ApiError(HTTPStatus.REQUEST_TIMEOUT, "Request Timeout", message, "timeout")


def _no_disk() -> ApiError:
    status = HTTPStatus.INSUFFICIENT_STORAGE
    message = "The answers that wait find no room on disk: read them while you send"
    return ApiError(status, status.phrase, message, "disk_full")
