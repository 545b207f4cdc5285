"""Compressed bodies: what was packed is unpacked, however it comes; what is too large takes no memory."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from newsdesk.serving.content_encoding import DecompressedBody, accepted_coding, coding_of, compressed
from newsdesk.serving.errors import ApiError

MOST = 1000
MIB = 1024 * 1024


def raw(data: bytes) -> bytes:
    """As some send `deflate`: without the wrapper."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "gzip": (b"gzip", gzip.compress),
    "deflate": (b"deflate", zlib.compress),
    "deflate without a wrapper": (b"deflate", raw),
}
packers = st.sampled_from(list(PACKERS.values()))


def unpacked(pieces: list[bytes], coding: bytes, most: int = MOST) -> bytes:
    """What an endpoint reads of a body that comes in `pieces`."""

    async def read() -> bytes:
        waiting = list(pieces)

        async def receive() -> Message:
            piece = waiting.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

        found, reading, more = b"", DecompressedBody(receive, coding, most), True
        while more:
            message = await reading()
            found, more = found + message["body"], message["more_body"]
        return found

    return asyncio.run(read())


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted(place % (len(data) + 1) for place in places)
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


@given(data=st.binary(max_size=MOST), packer=packers, places=st.lists(st.integers(0, 2000), max_size=5))
def test_what_was_packed_is_unpacked_in_whatever_pieces_it_comes(
    data: bytes, packer: tuple[bytes, Callable[[bytes], bytes]], places: list[int]
) -> None:
    coding, pack = packer
    assert unpacked(cut(pack(data), places), coding) == data


@given(data=st.binary(max_size=100), packer=packers, end=st.integers(0, 200))
def test_a_body_that_ends_early_is_refused(
    data: bytes, packer: tuple[bytes, Callable[[bytes], bytes]], end: int
) -> None:
    coding, pack = packer
    whole = pack(data)
    with pytest.raises(ApiError) as caught:
        unpacked([whole[: end % len(whole)]], coding)
    assert caught.value.status == 400


@pytest.mark.parametrize(("coding", "pack"), PACKERS.values(), ids=PACKERS)
@pytest.mark.parametrize("behind", [b"x", b"\0", zlib.compress(b"more")])
def test_what_stands_behind_the_end_is_refused(coding: bytes, pack: Callable[[bytes], bytes], behind: bytes) -> None:
    for pieces in ([pack(b"a") + behind], [pack(b"a"), behind]):
        with pytest.raises(ApiError, match="not whole"):
            unpacked(pieces, coding)


@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=5), places=st.lists(st.integers(0, 500), max_size=5))
def test_a_gzip_may_have_several_members(parts: list[bytes], places: list[int]) -> None:
    whole = b"".join(map(gzip.compress, parts))
    assert unpacked(cut(whole, places), b"gzip") == b"".join(parts)


def test_only_a_gzip_has_members() -> None:
    with pytest.raises(ApiError, match="not whole"):
        unpacked([zlib.compress(b"a") * 2], b"deflate")


def test_members_together_are_limited_in_size_and_in_number() -> None:
    with pytest.raises(ApiError) as caught:
        unpacked([gzip.compress(b"a" * (MOST // 2 + 1)) * 2], b"gzip")
    assert caught.value.status == 413
    with pytest.raises(ApiError, match="not whole"):
        unpacked([gzip.compress(b"") * 1001], b"gzip")


def test_a_gzip_whose_last_member_is_not_whole_is_refused() -> None:
    with pytest.raises(ApiError, match="not whole"):
        unpacked([gzip.compress(b"a") + gzip.compress(b"b")[:-1]], b"gzip")


@given(data=st.binary(max_size=100), coding=st.sampled_from([b"gzip", b"deflate"]))
def test_bytes_are_unpacked_or_refused_and_nothing_else_happens(data: bytes, coding: bytes) -> None:
    with suppress(ApiError):
        unpacked([data], coding)


@pytest.mark.parametrize(("coding", "pack"), PACKERS.values(), ids=PACKERS)
def test_the_limit_is_that_of_the_unpacked_body(coding: bytes, pack: Callable[[bytes], bytes]) -> None:
    assert len(unpacked([pack(b"a" * MOST)], coding)) == MOST
    with pytest.raises(ApiError) as caught:
        unpacked([pack(b"a" * (MOST + 1))], coding)
    assert (caught.value.status, caught.value.code) == (413, "body_too_large")


@pytest.mark.parametrize(("coding", "pack"), PACKERS.values(), ids=PACKERS)
def test_a_small_body_that_inflates_takes_no_memory(coding: bytes, pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(bytes(50 * MIB))
    assert len(bomb) < MIB
    tracemalloc.start()
    try:
        with pytest.raises(ApiError):
            unpacked([bomb], coding, most=MIB)
        assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("said", "coding"),
    [(b"", b""), (b"identity", b""), (b"GZIP", b"gzip"), (b" x-gzip ", b"x-gzip"), (b"deflate", b"deflate")],
)
def test_a_coding_that_is_known_is_taken(said: bytes, coding: bytes) -> None:
    assert coding_of(said) == coding


@pytest.mark.parametrize("said", [b"br", b"zstd", b"gzip, gzip", b"gzip,", b"\xff", b"compress"])
def test_any_other_is_refused_and_those_are_named_that_are_taken(said: bytes) -> None:
    with pytest.raises(ApiError, match="gzip or deflate") as caught:
        coding_of(said)
    assert (caught.value.status, caught.value.code) == (415, "unsupported_encoding")
    assert caught.value.headers == {"Accept-Encoding": "gzip, deflate"}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ([b"gzip"], b"gzip"),
        ([b"deflate"], b"deflate"),
        ([b"deflate, GZIP;q=0.5"], b"gzip"),
        ([b"br", b"deflate"], b"deflate"),
        ([b"gzip;q=0, deflate; q=0.0"], b""),
        ([b"gzip; q=0.000"], b""),
        ([b"br, *"], b""),
        ([], b""),
        ([b"\xff;;;==,,"], b""),
    ],
)
def test_an_answer_is_compressed_as_the_client_can_read_it(accepted: list[bytes], coding: bytes) -> None:
    headers = [(b"accept-encoding", value) for value in accepted]
    assert accepted_coding(headers, 5000) == coding
    assert accepted_coding(headers, 50) == b""


@given(body=st.binary(max_size=5000), coding=st.sampled_from([b"gzip", b"deflate"]))
def test_a_compressed_answer_can_be_read(body: bytes, coding: bytes) -> None:
    assert (gzip if coding == b"gzip" else zlib).decompress(compressed(body, coding)) == body
