"""Read the registry of an embedded MLflow from its SQLite file, without MLflow.

The tables are those of MLflow 3.17 (mlflow/store/model_registry/dbmodels/models.py). Aliases that other hands move, as
in MLflow's own pages, are seen at once.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from newsdesk.errors import RegistryError
from newsdesk.registry.artifact_files import local_folder, read_local
from newsdesk.registry.interfaces import RegisteredVersion, RegistryReader
from newsdesk.registry.version import MODEL, Version, describe, newest_first

_PATIENCE = 5.0  # seconds to wait for a writer
_VERSIONS = """
    SELECT version, creation_time FROM model_versions
    WHERE workspace = 'default' AND name = ? AND current_stage IS NOT 'Deleted_Internal'
"""
_TAGS = "SELECT version, key, COALESCE(value, '') FROM model_version_tags WHERE workspace = 'default' AND name = ?"
_ALIASES = "SELECT alias, version FROM registered_model_aliases WHERE workspace = 'default' AND name = ?"
_SOURCE = """
    SELECT COALESCE(storage_location, source, '') FROM model_versions
    WHERE workspace = 'default' AND name = ? AND version = ? AND current_stage IS NOT 'Deleted_Internal'
"""


class SqliteReader(RegistryReader):
    """Reads MLflow's database; never changes it, nor makes it where there is none."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def versions(self) -> list[Version]:
        if not self._file.is_file():
            return []
        with self._open() as database:
            rows = database.execute(_VERSIONS, (MODEL,)).fetchall()
            aliases = dict(database.execute(_ALIASES, (MODEL,)).fetchall())
            tags: dict[int, dict[str, str]] = defaultdict(dict)
            for version, key, value in database.execute(_TAGS, (MODEL,)):
                tags[version][key] = value
        return newest_first([describe(version, created, tags[version], aliases) for version, created in rows])

    def download(self, version: RegisteredVersion, name: str) -> bytes:
        with self._open() as database:
            row = database.execute(_SOURCE, (MODEL, version.version)).fetchone()
        if row is None:
            raise RegistryError(f"{MODEL} has no version {version.version} any more. Put another one in charge.")
        folder = local_folder(row[0])
        if folder is None:
            raise RegistryError(
                f"The artifacts of version {version.version} are not on this machine, and without an MLflow server "
                "they cannot be fetched here. Start one, and let MLFLOW_TRACKING_URI name it."
            )
        return read_local(folder, name)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """One state of the database: what a writer changes meanwhile is not seen."""
        try:
            address = f"{self._file.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None)) as database:
                database.execute("BEGIN")
                yield database
        except sqlite3.Error as error:
            raise RegistryError(
                f"MLflow's database {self._file} cannot be read: {error}. Correct MLFLOW_TRACKING_URI if it is not "
                "the one."
            ) from error
