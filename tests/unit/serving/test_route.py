"""Bytes to JSON by RFC 8259, to the letter."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.serving.errors import ApiError
from newsdesk.serving.route import parse_json, require_json

any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(value=any_json)
def test_what_is_json_is_read_as_python_reads_it(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(body=st.binary(max_size=40))
def test_bytes_are_read_or_refused_and_nothing_else_happens(body: bytes) -> None:
    with suppress(ApiError):
        assert parse_json(body) == json.loads(body)


@given(value=any_json)
def test_a_byte_order_mark_changes_nothing(value: Any) -> None:
    assert parse_json(b"\xef\xbb\xbf" + json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"NaN",
        b"[NaN]",
        b"[-Infinity]",
        b"1e999",
        b"[-1e999]",
        b'{"a": 1, "a": 2}',
        b'[{"x": {"a": 1, "b": 2, "a": 1}}]',
        "{}".encode("utf-16"),
        b'"\xed\xa0\x80"',
        b'"\xc0\xaf"',
        b"[" * 100_000,
        b"1" * 10_000,
        b"{} {}",
        b"{'a': 1}",
        b"[1,]",
        b'"a\nb"',
    ],
    ids=range(17),
)
def test_what_others_let_pass_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        parse_json(body)
    assert caught.value.status == 400


def test_a_key_may_be_twice_in_different_objects() -> None:
    assert parse_json(b'[{"a": 1}, {"a": {"a": 2}}]') == [{"a": 1}, {"a": {"a": 2}}]


@pytest.mark.parametrize("media_type", [b"application/json", b"application/problem+json"])
def test_a_media_type_of_json_is_taken(media_type: bytes) -> None:
    require_json(media_type)


@pytest.mark.parametrize("media_type", [b"", b"text/plain", b"text/json", b"multipart/form-data", b"json"])
def test_another_media_type_is_not(media_type: bytes) -> None:
    with pytest.raises(ApiError, match="application/json"):
        require_json(media_type)
