"""One connection of an HTTP client, as bare as can be: what breaks it is seen."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]
    is_last: bool  # the server closes the connection


class Connection:
    """One connection of a client that keeps it, and opens another when it is gone."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, payload: Mapping[str, Any], request_id: str) -> Answer:
        """Raises `OSError` or `EOFError` where the connection ends before the answer does."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        try:
            writer.write(_request(path, json.dumps(payload).encode(), request_id))
            answer = await _answer(reader)
        except (OSError, EOFError):
            await self.close()
            raise
        if answer.is_last:
            await self.close()
        return answer

    async def close(self) -> None:
        streams, self._streams = self._streams, None
        if streams:
            streams[1].close()
            with suppress(OSError):
                await streams[1].wait_closed()


def _request(path: str, body: bytes, request_id: str) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: newsdesk.test\r\ncontent-type: application/json\r\n"
    return f"{head}x-request-id: {request_id}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if line)
    body = await reader.readexactly(int(lines[b"content-length"]))
    return Answer(int(head.split(b" ", 2)[1]), json.loads(body), lines.get(b"connection") == b"close")
