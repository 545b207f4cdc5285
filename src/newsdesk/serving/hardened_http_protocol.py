"""What is no HTTP, or never becomes a request, does not reach the application. Here it is answered in our shape."""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from newsdesk.serving.coalescing import CoalescingTransport
from newsdesk.serving.errors import ApiError, invalid_input, response_to_error

MAX_HEAD_BYTES = 64 * 1024  # request line and headers, the limit of most servers
_LINGER = 1.0  # seconds to let a refused client read the answer: a connection closed over unread data loses it


class HardenedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with a limit to the size of a request's head and to the seconds until it is whole, and
    with refusals in our words. A client that reads nothing for as long is left. The scope of a request also names the
    `peer`, from whom the connection comes.
    """

    def __init__(self, *arguments: Any, head_timeout: float = 30, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_timeout = head_timeout
        self._head_bytes = 0  # of a head that is not whole, in full pieces as they came
        self._is_in_head = True
        self._is_refused = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(CoalescingTransport(transport, self.loop))  # type: ignore[arg-type]  # used as one is
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_head_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came. Most heads come whole, in one piece, and cost no timer."""
        if self._is_refused:
            return
        super().data_received(data)
        is_answered = self.cycle is not None and self.cycle.response_complete
        if self._is_refused or not (self._is_in_head or is_answered):
            self._cancel_head_timer()
            return
        if self._is_in_head:
            self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(_head_too_large())
        elif self._head_timer is None:
            self._start_head_timer()

    def pause_writing(self) -> None:
        """The client does not read what it is sent."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self._head_timeout, self._on_write_timeout, self._unsent_bytes)

    def resume_writing(self) -> None:
        """It does again, or is gone."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def on_message_begin(self) -> None:
        self._is_in_head, self._head_bytes = True, 0
        super().on_message_begin()
        self.scope["peer"] = self.client  # type: ignore[typeddict-unknown-key]  # uvicorn puts the client's in its place

    def on_headers_complete(self) -> None:
        self._is_in_head, self._head_bytes = False, 0
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            self._refuse(_head_too_large())
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._is_refused:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words, which differ by parser
        """Refuse what the parser cannot read."""
        if not self._is_refused:
            self._refuse(invalid_input("The request is not valid HTTP/1.1", "invalid_http"))

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(self._head_timeout, self._on_head_timeout)

    def _cancel_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _on_head_timeout(self) -> None:
        self._head_timer = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._start_head_timer()  # an earlier request is being answered
        elif self._head_bytes:
            status = HTTPStatus.REQUEST_TIMEOUT
            message = f"The headers took longer than {self._head_timeout:g} s"
            self._refuse(ApiError(status, status.phrase, message, "timeout"))
        else:
            self.transport.close()

    @property
    def _unsent_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    def _on_write_timeout(self, unsent_before: int) -> None:
        """An answer that nobody takes must not wait for ever; closing would wait until it is sent."""
        if self._unsent_bytes >= unsent_before or self.transport.is_closing():
            self.transport.abort()
        else:
            self._write_timer = self.loop.call_later(self._head_timeout, self._on_write_timeout, self._unsent_bytes)

    def _refuse(self, error: ApiError) -> None:
        """Answer, listen to nothing more, and close the connection."""
        self._is_refused = True
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.transport.is_closing():
            return
        response = response_to_error({}, error)
        status_line = f"HTTP/1.1 {error.status.value} {error.status.phrase}\r\n".encode()
        head = b"".join(name + b": " + value + b"\r\n" for name, value in response.raw_headers)
        self.transport.write(status_line + head + b"connection: close\r\n\r\n" + bytes(response.body))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.close)


def _head_too_large() -> ApiError:
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    message = f"Request line and headers are larger than {MAX_HEAD_BYTES:,} bytes"
    return ApiError(status, status.phrase, message, "invalid_http")
