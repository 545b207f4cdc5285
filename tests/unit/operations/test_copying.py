"""Databases are copied as they were between two promotions."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsdesk.operations.backup.database_copies import copy_databases
from newsdesk.operations.backup.databases import MLFLOW, STORE, NamedDatabase
from newsdesk.operations.backup.error import BackupError
from newsdesk.operations.backup.sqlite import SqliteDatabase
from newsdesk.pipeline.progress import NoProgress
from newsdesk.store.database import open_store
from newsdesk.store.ledger import LedgerEntry, append
from tests.builders import settings_in


@dataclass(frozen=True)
class Busy(SqliteDatabase):
    """A database that takes so long to copy that a model is promoted before, so many times."""

    promotions: int = 0
    copied: list[int] = field(default_factory=list)

    def dump(self, target: Path) -> None:
        if len(self.copied) < self.promotions:
            store = open_store(f"sqlite:///{self.file}")
            entry = LedgerEntry(datetime.now(UTC), "desk", "promote", "promoted", None, "1", "sha256:0", "", {})
            append(store, entry)
        self.copied.append(1)
        super().dump(target)


def databases(folder: Path, promotions: int) -> tuple[list[NamedDatabase], Busy]:
    open_store(f"sqlite:///{folder / 'store.db'}").dispose()
    store, busy = SqliteDatabase(folder / "store.db"), Busy(folder / "store.db", promotions=promotions)
    return [NamedDatabase(STORE, store), NamedDatabase(MLFLOW, busy)], busy


def test_after_a_promotion_in_between_all_are_copied_again(tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    named, busy = databases(tmp_path, 2)
    copy_databases(named, settings_in(tmp_path), tmp_path / "copies", NoProgress())
    assert len(busy.copied) == 3
    ledgers = {name: SqliteDatabase(tmp_path / "copies" / name).rows("promotion_ledger") for name in (STORE, MLFLOW)}
    assert ledgers == {STORE: 2, MLFLOW: 2}


def test_where_promotions_never_end_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "copies").mkdir()
    named, _ = databases(tmp_path, 100)
    with pytest.raises(BackupError, match="promoted so often"):
        copy_databases(named, settings_in(tmp_path), tmp_path / "copies", NoProgress())
