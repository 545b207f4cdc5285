"""JSON Lines in, JSON Lines out, of any length: https://jsonlines.org.

Answers are sent while the request still comes in. Whoever sends everything before reading anything is served as well:
answers then wait in a buffer; when it is full, nothing more is read until they are taken.
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
    """Answers the lines of the request's body, in order. `answer_lines` takes the index of the first line, and the
    lines.

    Nothing is answered after `max_seconds`, and `timeout` seconds later the rest of the answers is given up.
    """

    def __init__(
        self,
        answer_lines: AnswerLines,
        batch_size: int,
        timeout: float,
        budget: DiskBudget | None = None,
        max_seconds: float = LONGEST_STREAM,
    ) -> None:
        super().__init__(media_type="application/x-ndjson")
        del self.headers["content-length"]
        self._answer_lines, self._batch_size, self._timeout = answer_lines, batch_size, timeout
        self._budget, self._max_seconds = budget or DiskBudget(), max_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI has it
        with ResponseBuffer(self._budget) as buffer:
            reader = asyncio.create_task(self._read(receive, buffer))
            try:
                async with asyncio.timeout(self._max_seconds + self._timeout):
                    await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": self.raw_headers})
                    async for chunk in buffer.chunks():
                        await send({"type": "http.response.body", "body": chunk, "more_body": True})
                    await reader
                    await send({"type": "http.response.body", "body": b""})
            except TimeoutError:
                raise ClientDisconnect from None
            finally:
                reader.cancel()

    async def _read(self, receive: Receive, buffer: ResponseBuffer) -> None:
        index, last_line = 0, b""
        try:
            async with asyncio.timeout(self._max_seconds):
                async for lines in self._lines(receive):
                    for start in range(0, len(lines), self._batch_size):
                        batch = lines[start : start + self._batch_size]
                        buffer.put(await self._answer_lines(index, batch))
                        index += len(batch)
                        await buffer.wait_for_room()
                        await asyncio.sleep(0)  # lines that are refused are answered without waiting for anything
        except ApiError as error:  # the status is sent already: the last line tells
            last_line = failure_line(index, None, error)
        except TimeoutError:
            last_line = failure_line(
                index, None, _timeout_error(f"A stream ends after {self._max_seconds:g} s: send the rest anew")
            )
        except OSError:
            last_line = failure_line(index, None, _disk_full())
        finally:
            buffer.close(last_line)

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
                raise _timeout_error(f"No line came for {self._timeout:g} s") from None
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            is_last = not message.get("more_body", False)
            *lines, tail = message.get("body", b"").split(b"\n")
            if lines:
                lines[0] = bytes(rest + lines[0])
                rest.clear()
            rest += tail
            if is_last:
                lines.append(bytes(rest))
            if len(rest) > LONGEST_LINE:
                explanation = f"A line is longer than {LONGEST_LINE:,} bytes"
                raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Invalid input", explanation, "line_too_long")
            if complete := [line for line in lines if line.strip()]:
                yield complete
            await asyncio.sleep(0)  # what has come already is received without waiting


def failure_line(index: int, line_id: RowId | None, error: ApiError) -> bytes:
    """The line that stands for a text that could not be answered."""
    line = ErrorLine(index=index, id=line_id, error=error.error, message=error.message, code=error.code)
    return line.model_dump_json().encode() + b"\n"


def _timeout_error(message: str) -> ApiError:
    return ApiError(HTTPStatus.REQUEST_TIMEOUT, "Request Timeout", message, "timeout")


def _disk_full() -> ApiError:
    status = HTTPStatus.INSUFFICIENT_STORAGE
    message = "The answers that wait find no room on disk: read them while you send"
    return ApiError(status, status.phrase, message, "disk_full")
