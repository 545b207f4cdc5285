"""Cells as the formats that are written can hold them."""

import json
import math
from datetime import date, time
from typing import Any


def as_text(cell: Any) -> str:
    """For a cell of CSV: nothing for what is missing, JSON for lists and objects, all else as it is."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool() | dict() | list():
            return as_json(cell)
        case _:
            return str(plain(cell))


def as_json(cell: Any) -> str:
    """In one line. What JSON has no number for is null."""
    try:
        return json.dumps(cell, ensure_ascii=False, allow_nan=False, default=plain)
    except ValueError:
        return json.dumps(_finite(cell), ensure_ascii=False, default=plain)


def plain(cell: Any) -> Any:
    """What neither JSON nor CSV knows, as text."""
    match cell:
        case date() | time():
            return cell.isoformat()
        case bytes():
            return cell.decode("utf-8", "backslashreplace")
        case float() | int():
            return cell
        case _:
            return str(cell)


def _finite(cell: Any) -> Any:
    match cell:
        case float():
            return cell if math.isfinite(cell) else None
        case dict():
            return {name: _finite(inner) for name, inner in cell.items()}
        case list() | tuple():
            return [_finite(inner) for inner in cell]
        case _:
            return cell
