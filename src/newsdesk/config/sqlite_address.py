"""The address of a SQLite file, for SQLAlchemy and for MLflow."""

from pathlib import Path

_ESCAPES = {"%": "%25", "?": "%3F"}


def sqlite_address(file: Path) -> str:
    """The address of `file`, whatever characters its path has: SQLAlchemy decodes what is percent-encoded.

    MLflow makes the folder that it reads off a `sqlite:` address without decoding it; with the driver named, it leaves
    that to us (mlflow/store/db/utils.py, `_make_parent_dirs_if_sqlite`).
    """
    path = str(file)
    encoded = "".join(_ESCAPES.get(character, character) for character in path)
    return f"sqlite:///{path}" if encoded == path else f"sqlite+pysqlite:///{encoded}"
