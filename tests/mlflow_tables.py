"""The empty tables of an MLflow on SQLite, which it takes seconds to make: made once for each version, and copied."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

if TYPE_CHECKING:
    from sqlalchemy import Engine

_HOME = Path(__file__).parents[1] / "var" / "mlflow-tables"
_MAKER = "mlflow.store.db.utils"
# In a process of its own, for here MLflow may copy them already.
_MAKE = f"import sys, sqlalchemy, {_MAKER} as maker; maker._initialize_tables(sqlalchemy.create_engine(sys.argv[1]))"


def copy_where_mlflow_makes_them() -> None:
    """Have MLflow copy its tables into empty SQLite files, in this process and its forks. Without effect until MLflow
    is imported.
    """
    maker = sys.modules.get(_MAKER)
    if maker is None or maker._initialize_tables.__module__ == __name__:
        return
    make = maker._initialize_tables

    def copy_or_make(engine: "Engine") -> None:
        file = engine.url.database
        if engine.url.get_backend_name() == "sqlite" and file and maker._is_empty_database(engine):
            copy_to(Path(file))
        else:
            make(engine)

    maker._initialize_tables = copy_or_make  # type: ignore[attr-defined]


def copy_to(file: Path) -> None:
    """Write them into a SQLite file that is new or empty."""
    with closing(sqlite3.connect(_made_once())) as made, closing(sqlite3.connect(file)) as new:
        made.backup(new)


def _made_once() -> Path:
    file = _HOME / f"{version('mlflow')}.db"
    _HOME.mkdir(parents=True, exist_ok=True)
    with FileLock(_HOME / ".lock"):  # every worker of a test run comes here
        if not file.exists():
            draft = file.with_suffix(".draft")
            draft.unlink(missing_ok=True)  # of a run that was ended
            subprocess.run([sys.executable, "-c", _MAKE, f"sqlite:///{draft}"], check=True, capture_output=True)
            draft.rename(file)
    return file
