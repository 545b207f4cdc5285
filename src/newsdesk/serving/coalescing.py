"""Head and body of an answer go out as one write: of a server that is killed, nobody gets half an answer.

uvicorn writes them apart. A proxy that has passed the head on can ask no other server any more; and each write costs a
system call.
"""

import asyncio
from typing import Any


class CoalescingTransport:
    """A transport that holds what is written until the next write, and no longer than until the event loop comes round.
    All else is the wrapped transport's. Bounded: it never holds more than one write.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._pending: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._pending is None:
            self._pending = data
            self._loop.call_soon(self._flush)
        else:
            pending, self._pending = self._pending, None
            self._transport.writelines((pending, data))

    def get_write_buffer_size(self) -> int:
        """Bytes that wait, the held ones among them."""
        return self._transport.get_write_buffer_size() + len(self._pending or b"")

    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None and not self._transport.is_closing():
            self._transport.write(pending)
