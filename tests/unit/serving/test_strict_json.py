"""Bytes to JSON by RFC 8259, to the letter, and no more of it than is allowed."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.serving.errors import ApiError
from newsdesk.serving.strict_json import has_more_items, parse_json

MOST = 1000

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
    assert parse_json(json.dumps(value).encode(), MOST) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode(), MOST) == value


@given(body=st.binary(max_size=40))
def test_bytes_are_read_or_refused_and_nothing_else_happens(body: bytes) -> None:
    with suppress(ApiError):
        assert parse_json(body, MOST) == json.loads(body)


@given(value=any_json)
def test_a_byte_order_mark_changes_nothing(value: Any) -> None:
    assert parse_json(b"\xef\xbb\xbf" + json.dumps(value).encode(), MOST) == value


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
        parse_json(body, MOST)
    assert caught.value.status == 400


def test_a_key_may_be_twice_in_different_objects() -> None:
    assert parse_json(b'[{"a": 1}, {"a": {"a": 2}}]', MOST) == [{"a": 1}, {"a": {"a": 2}}]


def items_in(value: Any) -> int:
    """Keys and elements; an empty object or list counts for one."""
    if not isinstance(value, dict | list):
        return 0
    return max(len(value), 1) + sum(map(items_in, value.values() if isinstance(value, dict) else value))


strings = st.text(alphabet='\\",:[]{}a', max_size=12)  # full of what would be structure elsewhere
structures = st.recursive(
    strings | st.integers(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(strings, inner, max_size=5),
    max_leaves=40,
)


@given(value=structures, indent=st.sampled_from([None, 1]))
def test_structure_is_counted_as_a_decoder_finds_it(value: Any, indent: int | None) -> None:
    body, count = json.dumps(value, indent=indent).encode(), items_in(value)
    assert not has_more_items(body, count)
    assert has_more_items(body, count - 1) or count == 0


@given(value=strings, places=st.integers(1, 9))
def test_what_stands_in_a_long_string_is_never_structure(value: str, places: int) -> None:
    body = json.dumps([value * 40_000, *range(places)]).encode()
    assert not has_more_items(body, places + 1)
    assert has_more_items(body, places)


@pytest.mark.parametrize(("keys", "is_refused"), [(10_000, False), (10_001, True)])
def test_keys_in_a_row_are_limited_though_more_items_are_allowed(keys: int, is_refused: bool) -> None:
    whole = json.dumps([{str(number): 0 for number in range(keys)}] * 2).encode()
    assert has_more_items(whole, 50_000) is is_refused


def test_more_items_than_allowed_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(ApiError, match="more than 1,000 keys and elements") as caught:
        parse_json(b"[" + b"0," * 1000 + b"0, this is no JSON", MOST)
    assert caught.value.status == 400
