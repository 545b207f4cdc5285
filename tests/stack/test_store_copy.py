"""The store moves between SQLite and a real PostgreSQL: copied, and restored from a backup of the other kind."""

from pathlib import Path

import psycopg
import pytest

from newsdesk.errors import UsageError
from newsdesk.operations.backup.create import create_backup
from newsdesk.operations.backup.restore import restore_backup
from newsdesk.pipeline.progress import NoProgress
from newsdesk.store.ledger import LedgerEntry, append, entries
from newsdesk.store.migration import run_migration
from newsdesk.store.pipeline_runs import PipelineRun, record_run
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import StoreError
from newsdesk.store.store_copy import TableContent, copy_store
from tests.builders import settings_in
from tests.unit.store.filled import AWKWARD, BERLIN, ENTRIES, PREDICTIONS, fill
from tests.unit.store.rows import NOON, opened, prediction

pytestmark = pytest.mark.stack


@pytest.fixture
def source(tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path / 'source.db'}"
    with opened(address) as store:
        fill(store)
    return address


def content(address: str, tmp_path: Path) -> dict[str, TableContent]:
    """What a store holds, wherever it is: a copy tells."""
    scratch = tmp_path / "scratch.db"
    scratch.unlink(missing_ok=True)
    return copy_store(address, f"sqlite:///{scratch}")


def goes_on(address: str) -> None:
    """New rows get numbers of their own, and the ledger still only grows."""
    with opened(address) as store:
        append(store, LedgerEntry(NOON, "ada", "promote", "promoted", "1", "9", None, "next", {}))
        record_run(store, PipelineRun("monitor", NOON, BERLIN, "succeeded"))
        assert [entry.to_version for entry in entries(store)] == ["0", "1", "2", "9"]
        with pytest.raises(Exception, match="the promotion ledger only grows"), store.begin() as connection:
            connection.exec_driver_sql("DELETE FROM promotion_ledger")


def test_there_and_back_every_row_is_the_same(source: str, address: str, tmp_path: Path) -> None:
    there = copy_store(source, address)
    assert (there["predictions"].rows, there["promotion_ledger"].rows) == (PREDICTIONS, ENTRIES)
    back = copy_store(address, f"sqlite:///{tmp_path / 'back.db'}")
    assert there == back == content(source, tmp_path)
    with psycopg.connect(address) as connection:
        found = connection.execute(b"SELECT text, at FROM feedback WHERE caller = 'ada'").fetchone()
    assert found == (AWKWARD, BERLIN)
    goes_on(address)
    goes_on(f"sqlite:///{tmp_path / 'back.db'}")


def test_a_postgresql_that_is_in_use_is_not_written_to(source: str, address: str, tmp_path: Path) -> None:
    copy_store(source, address)
    before = content(address, tmp_path)
    with pytest.raises(UsageError, match="is not empty: "):
        copy_store(source, address)
    assert content(address, tmp_path) == before


def test_a_row_that_postgresql_does_not_take_is_named_and_nothing_is_copied(source: str, address: str) -> None:
    with opened(source) as store, store.begin() as connection:
        connection.exec_driver_sql("UPDATE predictions SET caller = 'a' || char(0) || 'b' WHERE text <> ''")
    with pytest.raises(StoreError, match="predictions: the row with id 00000000-0000-7000-8000-00000000000a"):
        copy_store(source, address)
    with psycopg.connect(address) as connection:
        assert connection.execute(b"SELECT to_regclass('feedback')").fetchone() == (None,)


@pytest.mark.parametrize("revision", ["0001", None])
def test_a_backup_of_sqlite_is_restored_into_postgresql_in_place_of_what_is_there(
    address: str, tmp_path: Path, revision: str | None
) -> None:
    old = settings_in(tmp_path / "old")
    with opened(old.database) as store:
        fill(store)
    expected = content(old.database, tmp_path)
    if revision:
        run_migration(old.database, revision, may_lose=True)
    archive = create_backup(old, tmp_path, NoProgress()).archive
    new = settings_in(tmp_path / "new", NEWSDESK_DATABASE_URL=address)
    with opened(address) as store:
        append(store, LedgerEntry(NOON, "ada", "promote", "promoted", None, "7", None, "of before", {}))
    restore_backup(new, archive, True, NoProgress())
    found = content(address, tmp_path)
    assert {name for name in found if found[name] != expected[name]} == ({"feedback"} if revision else set())
    goes_on(address)


@pytest.mark.parametrize("revision", ["0001", None])
def test_a_backup_of_postgresql_is_restored_into_sqlite(
    address: str, source: str, tmp_path: Path, revision: str | None
) -> None:
    copy_store(source, address)
    if revision:
        run_migration(address, revision, may_lose=True)
    old = settings_in(tmp_path / "old", NEWSDESK_DATABASE_URL=address)
    archive = create_backup(old, tmp_path, NoProgress()).archive
    new = settings_in(tmp_path / "new")
    with opened(new.database) as store:
        insert_predictions(store, [prediction()])
    restore_backup(new, archive, True, NoProgress())
    expected, found = content(source, tmp_path), content(new.database, tmp_path)
    assert {name for name in found if found[name] != expected[name]} == ({"feedback"} if revision else set())
    goes_on(new.database)
