"""The plain value of a table's cell, whichever tool wrote it."""

from typing import Any


def plain_value(value: Any) -> Any:
    """Text trimmed, numbers as text, and None for what is empty."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, float):
        if value != value:
            return None  # NaN is how some tools write "nothing"
        return str(int(value)) if value.is_integer() else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value.strip() or None
    return value
