"""Tensors as bytes: what is written is read again, as others write and read it; anything else is refused."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor

from newsdesk.serving.errors import ApiError
from newsdesk.serving.open_inference.binary_tensors import HEADER, read_texts, split_body, write_tensor

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(some=st.lists(texts, min_size=1, max_size=20))
def test_texts_are_written_and_read_as_triton_does(some: list[str]) -> None:
    packed = write_tensor("BYTES", some)
    assert packed == serialize_byte_tensor(np.array(some, dtype=object)).item()
    assert [element.decode() for element in deserialize_bytes_tensor(packed)] == some
    assert read_texts(packed, len(some)) == some


@given(some=st.lists(st.floats(), max_size=20))
def test_numbers_are_written_as_numpy_does(some: list[float]) -> None:
    assert write_tensor("FP64", some) == np.array(some, dtype="<f8").tobytes()


@given(tensor=st.binary(max_size=60), most=st.integers(0, 5))
def test_bytes_are_read_to_their_end_or_refused(tensor: bytes, most: int) -> None:
    with suppress(ApiError):
        found = read_texts(tensor, most)
        assert len(found) <= most
        assert write_tensor("BYTES", found) == tensor


@given(some=st.lists(texts, min_size=1, max_size=5), data=st.data())
def test_a_tensor_that_ends_early_is_refused(some: list[str], data: st.DataObject) -> None:
    packed = write_tensor("BYTES", some)
    begun = [0]
    for text in some:
        begun.append(begun[-1] + 4 + len(text.encode()))
    end = data.draw(st.integers(0, len(packed) - 1).filter(lambda end: end not in begun))
    with pytest.raises(ApiError) as caught:
        read_texts(packed[:end], 10)
    assert (caught.value.status, caught.value.code) == (400, "wrong_shape")


BAD = {
    "no room for a length": b"\x01\x00\x00",
    "the longest length there is": struct.pack("<I", 2**32 - 1) + b"a" * 100,
    "a length that is negative": struct.pack("<i", -1) + b"a" * 100,
    "a length in the other order": struct.pack(">I", 3) + b"abc",
    "no UTF-8": struct.pack("<I", 2) + b"\xff\xfe",
    "half a character": struct.pack("<I", 2) + "€".encode()[:2],
    "a lone surrogate": struct.pack("<I", 3) + b"\xed\xa0\x80",
    "too many elements": b"\x00\x00\x00\x00" * 4,
}


@pytest.mark.parametrize("tensor", BAD.values(), ids=BAD)
def test_what_is_no_tensor_of_texts_is_refused(tensor: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        read_texts(tensor, 3)
    assert caught.value.status == 400


def test_a_body_is_split_where_its_header_says() -> None:
    assert split_body([], b"{}") == (b"{}", b"")
    assert split_body([(b"host", b"a"), (HEADER, b"2")], b"{}abc") == (b"{}", b"abc")
    assert split_body([(HEADER, b"2"), (HEADER, b"2")], b"{}") == (b"{}", b"")


@pytest.mark.parametrize("lengths", [[b"3"], [b"-1"], [b"+1"], [b"0x1"], [b""], [b"1.0"], [b"9" * 5000], [b"1", b"2"]])
def test_a_header_that_does_not_fit_the_body_is_refused(lengths: list[bytes]) -> None:
    with pytest.raises(ApiError, match="Inference-Header-Content-Length"):
        split_body([(HEADER, length) for length in lengths], b"{}")
