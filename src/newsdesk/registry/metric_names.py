"""MLflow metric names for any category name."""

import hashlib
import re

LONGEST_CATEGORY = 200  # characters; MLflow takes metric names of up to 250
_ESCAPE = ":"
_ESCAPED = re.compile(r"[^\w. -]")  # `/` would be taken for a folder, and `:` is our own sign


def category_metric(name: str, category: str) -> str:
    """`name/category`, such that MLflow takes it and no two categories share it.

    MLflow takes letters, digits, `_ - . : /` and blanks, and no name that a file system would read as another, such as
    `a/../b` (mlflow/utils/validation.py). What it does not take, `/` and `:` become `:` and the hexadecimal digits of
    each UTF-8 byte, as with `%` in an address. A name that gets too long ends in `::` and the digest of the category.
    """
    escaped = _ESCAPED.sub(lambda match: _hexadecimal(match[0]), category)
    if category in (".", ".."):
        escaped = _hexadecimal(category)
    if len(escaped) > LONGEST_CATEGORY:
        suffix = _ESCAPE * 2 + hashlib.sha256(category.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        escaped = escaped[: LONGEST_CATEGORY - len(suffix)] + suffix
    return f"{name}/{escaped}"


def _hexadecimal(characters: str) -> str:
    return "".join(f"{_ESCAPE}{byte:02X}" for byte in characters.encode("utf-8", "surrogatepass"))
