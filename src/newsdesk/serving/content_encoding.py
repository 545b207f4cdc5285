"""Compressed bodies (RFC 9110, 8.4): unpacked as they are read, and no further than their limit; and answers compressed
where a client asks for it.
"""

import re
import zlib
from collections.abc import Iterable
from http import HTTPStatus

from starlette.types import Message, Receive

from newsdesk.serving.errors import ApiError, invalid_input

_GZIP, _ZLIB, _RAW = 31, 15, -15  # what zlib calls `wbits`
_WBITS = {b"gzip": _GZIP, b"x-gzip": _GZIP, b"deflate": _ZLIB}
_MOST_MEMBERS = 1000  # of a gzip: bgzip makes one of 64 KiB, and an empty one takes time without becoming a byte
_MIN_SIZE = 1024  # bytes: a shorter answer fits into a packet as it is
_ZERO_WEIGHT = re.compile(rb"\s*q\s*=\s*0(\.0*)?\s*")  # the weight of what is not wanted
_LEVEL = 1  # three times as fast as the default, for a tenth more bytes


def coding_of(content_encoding: bytes) -> bytes:
    """The one coding that a `Content-Encoding` names; empty for none. Raises `ApiError` for any that is not known."""
    coding = content_encoding.strip().lower()
    if coding in (b"", b"identity"):
        return b""
    if coding not in _WBITS:
        raise unsupported_coding("The body must be sent with Content-Encoding gzip or deflate, or without any")
    return coding


def unsupported_coding(message: str, offered: str = "gzip, deflate") -> ApiError:
    """415, with the codings that are offered (RFC 9110, 15.5.16)."""
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    return ApiError(status, "Invalid input", message, "unsupported_encoding", {"Accept-Encoding": offered})


class DecompressedBody:
    """What `receive` gives, decompressed, and no more than `max_size` bytes of it.

    Raises `ApiError`: 413 for more bytes, 400 for a body that is not in this coding, ends too early, or goes on after
    its end. A gzip may have several members (RFC 1952, 2.2), as parallel packers and `cat` make it.
    """

    def __init__(self, receive: Receive, coding: bytes, max_size: int) -> None:
        self._receive, self._coding, self._max_size, self._remaining = receive, coding, max_size, max_size
        self._decompressor: zlib._Decompress | None = None
        self._members = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        is_last = not message.get("more_body", False)
        body = self._decompress(message.get("body", b""))
        if is_last and (self._decompressor is None or not self._decompressor.eof):
            raise self._invalid_body()
        return {"type": "http.request", "body": body, "more_body": not is_last}

    def _decompress(self, data: bytes) -> bytes:
        decompressed = []
        while data:
            if self._decompressor is None or self._decompressor.eof:
                self._decompressor = self._next_member(data[0])
            decompressed.append(self._decompress_member(self._decompressor, data))
            data = self._decompressor.unused_data
        return b"".join(decompressed)

    def _decompress_member(self, decompressor: "zlib._Decompress", data: bytes) -> bytes:
        try:
            decompressed = decompressor.decompress(data, self._remaining + 1)
        except zlib.error:
            raise self._invalid_body() from None
        self._remaining -= len(decompressed)
        if self._remaining < 0:
            raise body_too_large(self._max_size)
        return decompressed

    def _next_member(self, first_byte: int) -> "zlib._Decompress":
        self._members += 1
        wbits = self._wbits(first_byte)
        if self._members > (_MOST_MEMBERS if wbits == _GZIP else 1):
            raise self._invalid_body()
        return zlib.decompressobj(wbits)

    def _wbits(self, first_byte: int) -> int:
        """Some send `deflate` without the wrapper that the standard wants: nothing with it begins as that does."""
        wbits = _WBITS[self._coding]
        return _RAW if wbits == _ZLIB and first_byte & 0x0F != zlib.DEFLATED else wbits

    def _invalid_body(self) -> ApiError:
        return invalid_input(f"The body is not whole, or not {self._coding.decode()} as Content-Encoding says")


def body_too_large(max_size: int) -> ApiError:
    """413 for a body of more than `max_size` bytes, compressed or not."""
    message = f"The body is larger than {max_size:,} bytes"
    return ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Invalid input", message, "body_too_large")


def accepted_coding(headers: Iterable[tuple[bytes, bytes]], size: int) -> bytes:
    """The coding for an answer of `size` bytes by a request's `Accept-Encoding`; empty for none."""
    if size < _MIN_SIZE:
        return b""
    accepted = b",".join(value for name, value in headers if name == b"accept-encoding").lower().split(b",")
    pairs = [entry.partition(b";") for entry in accepted]
    acceptable = {coding.strip() for coding, _, weight in pairs if not _ZERO_WEIGHT.fullmatch(weight)}
    return next((coding for coding in (b"gzip", b"deflate") if coding in acceptable), b"")


def compressed(body: bytes, coding: bytes) -> bytes:
    """`body` in a coding that `accepted_coding` names."""
    compressor = zlib.compressobj(_LEVEL, wbits=_WBITS[coding])
    return compressor.compress(body) + compressor.flush()
