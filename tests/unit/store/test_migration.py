import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from newsdesk.errors import UsageError
from newsdesk.store.database import open_store
from newsdesk.store.ledger import append, entries
from newsdesk.store.migration import migrate, run_migration
from newsdesk.store.migration_status import read_status
from newsdesk.store.records import StoreError
from newsdesk.store.revisions import FOLDER, revisions
from newsdesk.store.schema_revision import NEWEST
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
from tests.unit.store.old_stores import FIRST, LAST, SECOND
from tests.unit.store.opening import migrate_at_once
from tests.unit.store.rows import opened, said, store_in
from tests.unit.store.test_ledger import ENTRY

ALL = [step.id for step in revisions()]


def address_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'store.db'}"


def old_store(folder: Path, statements: str) -> str:
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        connection.executescript(statements)
    return address_in(folder)


def test_the_newest_revision_is_the_one_that_opening_a_store_looks_for() -> None:
    assert [f"{n:04}" for n in range(1, len(ALL) + 1)] == ALL
    assert ALL[-1] == NEWEST


def test_every_revision_is_told_apart_by_a_sentence() -> None:
    sentences = [step.what for step in revisions()]
    assert all(sentence.endswith(".") for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


def test_revisions_need_nothing_of_the_code_that_will_change() -> None:
    for file in (FOLDER / "versions").glob("*.py"):
        assert "newsdesk" not in file.read_text(encoding="utf-8"), file.name


def test_a_new_store_is_what_the_code_says(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        assert revision_of(store) == NEWEST
        assert differences(store) == []


@pytest.mark.parametrize("statements", [FIRST, FIRST + SECOND, LAST, SECOND + LAST], ids=["1", "1+2", "3", "2+3"])
def test_a_store_from_before_there_were_revisions_becomes_what_the_code_says(statements: str, tmp_path: Path) -> None:
    with opened(old_store(tmp_path, statements)) as store:
        assert revision_of(store) == NEWEST
        assert differences(store) == []
        assert guards(store) == 3
        assert ("a", "Ruth", "politics") in said(store)
        assert [entry.reason for entry in entries(store)] == ["good enough"] * (SECOND in statements)
        require_that_all_is_kept(store)


def test_a_store_goes_down_and_up_again_and_keeps_its_rows(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, notes())
    with store_in(tmp_path) as store:
        require_that_all_is_kept(store)
        assert migrate(store, folder=folder).steps == [NEXT]
        assert "note" in columns_of(store, "feedback")
        assert migrate(store, NEWEST, may_lose=True, folder=folder).steps == [NEXT]
        assert differences(store) == []
        assert len(said(store)) == len(entries(store)) == 1
        require_that_all_is_kept(store)


def test_a_store_goes_down_to_nothing_and_up_from_it(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, notes())
    with store_in(tmp_path) as store:
        migrate(store, folder=folder)
        done = migrate(store, "base", may_lose=True, folder=folder)
        assert (done.before, done.after, done.steps) == (NEXT, None, [NEXT, *reversed(ALL)])
        assert tables_of(store) == {"newsdesk_version"}
    with store_in(tmp_path) as store:
        assert differences(store) == []


def test_what_would_be_lost_on_the_way_down_is_named_and_stays_without_consent(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, notes())
    with store_in(tmp_path) as store:
        migrate(store, folder=folder)
        with pytest.raises(UsageError, match=r"would remove the notes of feedback\. Make a backup, then add --yes\."):
            migrate(store, NEWEST, folder=folder)
        assert revision_of(store) == NEXT


def test_a_way_down_that_loses_nothing_needs_no_consent(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, LEDGER_MADE_ANEW)
    with store_in(tmp_path) as store:
        migrate(store, folder=folder)
        assert migrate(store, NEWEST, folder=folder).after == NEWEST


@pytest.mark.parametrize("to", ["7", "head", "-1", "000"])
def test_a_revision_that_is_none_is_refused_with_those_there_are(to: str, tmp_path: Path) -> None:
    with store_in(tmp_path) as store, pytest.raises(UsageError, match=rf"no revision {to}\. There are: base, 0001"):
        migrate(store, to)


def test_a_newer_store_is_left_as_it_is_and_serves_this_version(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        migrate(store, folder=folder_with(tmp_path, notes()))
    with store_in(tmp_path) as store:
        assert migrate(store).steps == []
        assert revision_of(store) == NEXT
        require_that_all_is_kept(store)
        with pytest.raises(UsageError, match=rf"at revision {NEXT}, which this version of Newsdesk does not know"):
            migrate(store, NEWEST)


def test_the_ledger_stays_guarded_when_its_table_is_made_anew(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, LEDGER_MADE_ANEW)
    with store_in(tmp_path) as store:
        append(store, ENTRY)
        for to in (None, NEWEST):
            migrate(store, to, folder=folder)
            assert guards(store) == 3
            with pytest.raises(IntegrityError, match="only grows"), store.begin() as connection:
                connection.execute(text("DELETE FROM promotion_ledger"))
            assert entries(store) == [ENTRY]


def test_a_revision_that_fails_changes_nothing(tmp_path: Path) -> None:
    revision = notes().replace("\n\n\ndef downgrade", '\n    op.execute("SELECT * FROM nowhere")\n\n\ndef downgrade')
    with store_in(tmp_path) as store:
        with pytest.raises(StoreError, match=r"was not migrated: no such table: nowhere\. Nothing in it was changed\."):
            migrate(store, folder=folder_with(tmp_path, revision))
        assert "note" not in columns_of(store, "feedback")
        assert revision_of(store) == NEWEST


def test_a_migration_that_was_killed_has_changed_nothing_and_is_run_again(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        is_migrated_in_half(address_in(tmp_path), tmp_path)
        assert revision_of(store) == NEWEST
        assert "note" not in columns_of(store, "feedback")
        assert migrate(store, folder=folder_with(tmp_path, notes())).steps == [NEXT]
        assert "note" in columns_of(store, "feedback")


def test_of_eight_migrations_at_once_one_does_it(tmp_path: Path) -> None:
    address = old_store(tmp_path, FIRST)
    assert sorted(migrate_at_once(address, 8)) == [""] * 7 + [" ".join(ALL)]
    with opened(address) as store:
        assert differences(store) == []


def test_a_server_that_has_the_store_open_goes_on_when_a_table_is_made_anew(tmp_path: Path) -> None:
    anew = 'batch_alter_table("feedback", recreate="always")'
    folder = folder_with(tmp_path, notes().replace('batch_alter_table("feedback")', anew))
    server = open_store(address_in(tmp_path), keep_open=True)
    try:
        for to in (None, NEWEST):
            require_that_all_is_kept(server)
            run_migration(address_in(tmp_path), to, may_lose=True, folder=folder)
        require_that_all_is_kept(server)
        assert len(said(server)) == 3
    finally:
        server.dispose()


def test_a_database_that_is_away_is_told_with_what_to_do_and_without_its_password() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"postgresql://newsdesk:not-to-be-shown@127.0.0.1:{closed.getsockname()[1]}/postgres"
        with pytest.raises(StoreError, match=r"refused.*then run: newsdesk store migrate\.$") as away:
            run_migration(address)
    assert "not-to-be-shown" not in str(away.value)


def test_whoever_waits_in_vain_for_another_migration_is_told_so(tmp_path: Path) -> None:
    with store_in(tmp_path) as store, store_in(tmp_path) as impatient, store.connect() as connection:
        event.listen(impatient, "connect", lambda driver, _: driver.execute("PRAGMA busy_timeout=50"))
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"was not migrated: database is locked\."):
            migrate(impatient, "base", may_lose=True, patience=0)


def test_the_status_of_a_store_that_is_not_there_leaves_it_so(tmp_path: Path) -> None:
    status = read_status(address_in(tmp_path))
    assert (status.condition, status.revision, [step.id for step in status.pending]) == ("empty", None, ALL)
    assert list(tmp_path.iterdir()) == []


def test_the_status_says_where_a_store_is(tmp_path: Path) -> None:
    address, folder = old_store(tmp_path, FIRST), folder_with(tmp_path, notes())
    assert (read_status(address).condition, read_status(address).revision) == ("behind", None)
    run_migration(address)
    assert read_status(address).condition == "current"
    behind = read_status(address, folder)
    assert (behind.condition, behind.revision, behind.newest) == ("behind", NEWEST, NEXT)
    assert [(step.what, step.loses) for step in behind.pending] == [
        ("Feedback may carry a note.", "the notes of feedback")
    ]
    run_migration(address, folder=folder)
    assert read_status(address, folder).condition == "current"
    assert (read_status(address).condition, read_status(address).pending) == ("ahead", [])
