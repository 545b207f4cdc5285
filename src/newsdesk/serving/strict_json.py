"""JSON by RFC 8259 to the letter, and of a structure that is bounded before anything is decoded."""

import json
import re
from collections.abc import Iterator
from typing import Any

from newsdesk.serving.errors import invalid_input

_BYTE_ORDER_MARK = "\ufeff"
_STRUCTURE = (b",", b"[", b"{")  # one of them stands before every element and every key
_MOST_KEYS = 10_000  # from one end of an object to the next
_MOST_ESCAPES = 1_400_000  # a text of 8 MiB in which every character is one of six bytes
_MOST_DIGITS = 100  # of a whole number, which takes time by their square, and no other thread has its turn
_PIECE = 64 * 1024  # bytes
_no_backslash = re.compile(rb"[^\\]").search


def parse_json(body: bytes, max_items: int) -> Any:
    """What `body` says: UTF-8, no NaN, no key twice, and no more than `max_items` keys and elements; a byte order
    mark, which the RFC lets a reader ignore, is ignored. Raises `ApiError`.
    """
    if not body:
        raise invalid_input("A JSON body is required")
    if has_more_items(body, max_items):
        raise invalid_input(f"The body has more than {max_items:,} keys and elements")
    if len(body) > _MOST_ESCAPES and body.count(b"\\") - body.count(rb"\\") > _MOST_ESCAPES:
        raise invalid_input(f"The body has more than {_MOST_ESCAPES:,} escapes")
    try:
        return _decode(body.decode("utf-8").removeprefix(_BYTE_ORDER_MARK))
    except UnicodeDecodeError:
        raise invalid_input("The body is not text in UTF-8") from None
    except (ValueError, RecursionError):
        raise invalid_input("The body is not valid JSON") from None


def has_more_items(body: bytes, max_items: int) -> bool:
    """Whether a decoder would find more than `max_items` keys and elements in `body`, up to where it stops being JSON;
    or more than 10,000 keys in a row, which it decodes without giving other threads a turn.

    Told by commas and brackets outside strings, for a fraction of what decoding costs: an object of many keys takes
    twenty times as long as a text of as many bytes.
    """
    limit = min(max_items, _MOST_KEYS)
    if len(body) <= limit or sum(map(body.count, _STRUCTURE)) <= limit:
        return False
    items = closed = trailing_keys = 0
    for outside in _outside_strings(body):
        items += sum(map(outside.count, _STRUCTURE))
        closed += outside.count(b"}")
        if max(items, closed) > max_items:
            return True
        keys = [part.count(b":") for part in outside.split(b"}")]
        keys[0] += trailing_keys
        if max(keys) > _MOST_KEYS:
            return True
        trailing_keys = keys[-1]
    return False


def _outside_strings(body: bytes) -> Iterator[bytes]:
    """What stands outside strings, piece by piece: no step takes long."""
    begin = is_inside = 0
    while begin < len(body):
        end = begin + _PIECE
        if body[end - 1 : end] == b"\\":  # what is escaped is not parted from its backslash
            match = _no_backslash(body, end)
            end = match.end() if match else len(body)
        parts = body[begin:end].replace(rb"\\", b"").replace(rb"\"", b"").split(b'"')
        yield b"".join(parts[is_inside::2])
        is_inside = (is_inside + len(parts) - 1) % 2
        begin = end


def _build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise invalid_input("The body has a key twice")
    return result


def _refuse_constant(_: str) -> None:
    raise invalid_input("The body has NaN or Infinity, which are not JSON")


def _parse_finite(number: str) -> float:
    value = float(number)
    if value in (float("inf"), float("-inf")):
        raise invalid_input("The body has a number that is too large")
    return value


def _parse_integer(number: str) -> int:
    if len(number) > _MOST_DIGITS:
        raise invalid_input(f"The body has a whole number of more than {_MOST_DIGITS} digits")
    return int(number)


_decode = json.JSONDecoder(
    object_pairs_hook=_build_object,
    parse_constant=_refuse_constant,
    parse_float=_parse_finite,
    parse_int=_parse_integer,
).decode
