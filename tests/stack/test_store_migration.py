"""Migrations of a real PostgreSQL, while servers of an older version use it."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from newsdesk.store.database import open_store
from newsdesk.store.ledger import append, entries
from newsdesk.store.migration import migrate, run_migration
from newsdesk.store.migration_status import read_status
from newsdesk.store.records import StoreOutdated
from newsdesk.store.revisions import revisions
from newsdesk.store.schema_revision import NEWEST
from tests.stack.test_store import ids, kept, send, started
from tests.unit.store.migrating import (
    LEDGER_MADE_ANEW,
    NEXT,
    columns_of,
    differences,
    folder_with,
    guards,
    is_migrated_in_half,
    notes,
    require_that_all_is_kept,
    revision_of,
    tables_of,
)
from tests.unit.store.old_stores import FIRST
from tests.unit.store.opening import migrate_at_once
from tests.unit.store.rows import feedback, opened, prediction, said
from tests.unit.store.test_ledger import ENTRY
from tests.waiting import eventually

pytestmark = pytest.mark.stack


def execute(address: str, *statements: str) -> None:
    """In a database that may have anything in it."""
    import psycopg

    with psycopg.connect(address) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def make_old(address: str) -> None:
    """Tables from before there were revisions, with a row in each."""
    execute(address, *FIRST.replace("DATETIME", "TIMESTAMP WITH TIME ZONE").split(";"))


def forget_revisions(address: str) -> None:
    """Leave what the last version before the revisions would have left."""
    with opened(address) as store:
        migrate(store, "0001", may_lose=True)
    execute(address, "DROP TABLE newsdesk_version")


def test_an_empty_database_is_set_up_by_whoever_opens_it_beside_the_tables_of_others(address: str) -> None:
    execute(address, "CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES (7)")
    with opened(address) as store:
        assert revision_of(store) == NEWEST
        assert guards(store) == 1
        execute(address, "DROP TABLE alembic_version")
        assert differences(store) == []
        require_that_all_is_kept(store)


def test_an_older_store_is_refused_in_a_sentence_until_it_is_migrated(address: str) -> None:
    make_old(address)
    with pytest.raises(StoreOutdated) as refused:
        open_store(address)
    told = f"{address.replace('postgresql:', 'postgresql+psycopg:').replace('not-to-be-shown', '***')}"
    assert str(refused.value) == (
        f"The store at {told} is older than its first revision, and this version of Newsdesk needs revision {NEWEST}. "
        "Run: newsdesk store migrate."
    )
    assert read_status(address).condition == "behind"
    assert run_migration(address).after == NEWEST
    with opened(address) as store:
        assert differences(store) == []
        assert guards(store) == 1
        assert ("a", "Ruth", "politics") in said(store)
        require_that_all_is_kept(store)


def test_a_store_of_the_last_version_before_the_revisions_keeps_its_ledger(address: str) -> None:
    forget_revisions(address)
    execute(
        address,
        "INSERT INTO promotion_ledger (at, actor, action, decision, reason, evidence) "
        "VALUES (now(), 'editor', 'promote', 'promoted', 'good enough', '{}')",
    )
    run_migration(address)
    with opened(address) as store:
        assert differences(store) == []
        assert [entry.reason for entry in entries(store)] == ["good enough"]
        require_that_all_is_kept(store)


def test_a_store_that_is_a_revision_behind_says_which(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(address):
        monkeypatch.setattr("newsdesk.store.database.NEWEST", NEXT)
    with pytest.raises(
        StoreOutdated, match=rf"is at revision {NEWEST}, and this version of Newsdesk needs revision {NEXT}"
    ):
        open_store(address)


def test_a_store_goes_down_and_up_again_and_keeps_its_rows(address: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, notes())
    with opened(address) as store:
        require_that_all_is_kept(store)
        assert migrate(store, folder=folder).steps == [NEXT]
        assert "note" in columns_of(store, "feedback")
        assert migrate(store, NEWEST, may_lose=True, folder=folder).steps == [NEXT]
        assert differences(store) == []
        assert len(said(store)) == len(entries(store)) == 1
        assert migrate(store, "base", may_lose=True).after is None
        assert tables_of(store) == {"newsdesk_version"}
        with store.connect() as connection:
            functions = "SELECT count(*) FROM pg_proc WHERE proname LIKE 'promotion_ledger%'"
            assert connection.execute(text(functions)).scalar() == 0
    with opened(address) as store:
        assert differences(store) == []


def test_the_ledger_stays_guarded_when_its_table_is_made_anew(address: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, LEDGER_MADE_ANEW)
    with opened(address) as store:
        append(store, ENTRY)
        for to in (None, NEWEST):
            migrate(store, to, folder=folder)
            with pytest.raises(DBAPIError, match="only grows"), store.begin() as connection:
                connection.execute(text("DELETE FROM promotion_ledger"))
            assert entries(store) == [ENTRY]


def test_a_migration_that_was_killed_has_changed_nothing_and_is_run_again(address: str, tmp_path: Path) -> None:
    with opened(address) as store:
        is_migrated_in_half(address, tmp_path)
        assert migrate(store, folder=folder_with(tmp_path, notes())).steps == [NEXT]
        assert "note" in columns_of(store, "feedback")


def test_of_eight_migrations_at_once_one_does_it(address: str) -> None:
    make_old(address)
    assert sorted(migrate_at_once(address, 8)) == [""] * 7 + [" ".join(step.id for step in revisions())]
    with opened(address) as store:
        assert differences(store) == []


def test_a_server_of_the_old_version_loses_nothing_while_the_store_is_migrated_and_after(
    address: str, tmp_path: Path
) -> None:
    answers, folder = [prediction() for _ in range(600)], folder_with(tmp_path, notes())
    with started(address, tmp_path) as log, ThreadPoolExecutor(1) as job:
        for n, answer in enumerate(answers):
            log.record(answer)
            if n % 100 == 0:
                assert {one.status for one in send(log, feedback(editor=f"editor {n}"))} <= {"created", "spooled"}
            if n == 200:
                eventually(lambda: log.written == 201)
                migration = job.submit(run_migration, address, folder=folder)
            time.sleep(0.002)
        assert migration.result().steps == [NEXT]
        eventually(lambda: log.written == 600 and log.is_store_up)
        assert log.dropped == 0
    assert kept(address) == ids(answers)
    with opened(address) as store:
        assert revision_of(store) == NEXT
        assert len(said(store)) == 6
        require_that_all_is_kept(store)


def test_a_server_of_the_new_version_says_that_the_store_is_old_and_keeps_all_until_it_is_migrated(
    address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_old(address)
    answers = [prediction() for _ in range(50)]
    with caplog.at_level(logging.WARNING), started(address, tmp_path) as log:
        for answer in answers:
            log.record(answer)
        assert [one.status for one in send(log, feedback())] == ["spooled"]
        eventually(lambda: log.spooled == 50)
        assert log.store_problem == "The store must be migrated: newsdesk store migrate"
        run_migration(address)
        eventually(lambda: log.written == 50 and log.store_problem is None)
    assert "Run: newsdesk store migrate." in caplog.text
    assert "not-to-be-shown" not in caplog.text
    assert kept(address) == sorted([*ids(answers), "p1"])


def test_a_migration_that_waits_for_a_reader_lets_others_read_meanwhile(address: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, notes())
    with opened(f"{address}?options=-c%20statement_timeout=10s") as store, ThreadPoolExecutor(1) as job:
        with store.begin() as reader:
            reader.execute(text("SELECT count(*) FROM feedback"))  # holds the table until its transaction ends
            migration = job.submit(run_migration, address, folder=folder)
            until = time.monotonic() + 5
            longest = 0.0
            while time.monotonic() < until:
                began = time.monotonic()
                said(store)
                longest = max(longest, time.monotonic() - began)
            assert not migration.done()
        assert 1 < longest < 4  # behind the migration, for as long as it waits at a time
        assert migration.result().steps == [NEXT]
