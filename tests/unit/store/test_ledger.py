import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from newsdesk.store.ledger import LedgerEntry, append, entries, predecessor
from tests.unit.store.rows import store_at

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ENTRY = LedgerEntry(
    at=NOON,
    actor="editor",
    action="promote",
    decision="promoted",
    from_version="1",
    to_version="2",
    digest="sha256:ab",
    reason="better by 0.03",
    evidence={"accuracy": 0.91, "champion_accuracy": None, "test_articles": 200},
)
REWRITE = (
    "INSERT OR REPLACE INTO promotion_ledger SELECT id, at, 'nobody', action, decision, from_version, to_version, "
    "digest, reason, evidence FROM promotion_ledger"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with store_at(tmp_path / "store.db") as engine:
        yield engine


def promoted(version: str, before: str | None) -> LedgerEntry:
    return replace(ENTRY, from_version=before, to_version=version)


def test_a_new_ledger_is_empty(store: Engine) -> None:
    assert entries(store) == []


def test_an_entry_is_read_as_it_was_written(store: Engine) -> None:
    append(store, ENTRY)
    assert entries(store) == [ENTRY]


def test_an_entry_may_have_no_versions_and_no_evidence(store: Engine) -> None:
    first = replace(ENTRY, decision="refused", from_version=None, to_version=None, digest=None, evidence={})
    append(store, first)
    assert entries(store) == [first]


def test_entries_come_in_the_order_they_were_written_whatever_the_clock_said(store: Engine) -> None:
    written = [replace(ENTRY, at=NOON - timedelta(days=n), reason=str(n)) for n in range(5)]
    for entry in written:
        append(store, entry)
    assert entries(store) == written


def test_the_ledger_outlives_the_process(tmp_path: Path) -> None:
    for _ in range(2):
        with store_at(tmp_path / "made on the way" / "store.db") as store:
            append(store, ENTRY)
    with store_at(tmp_path / "made on the way" / "store.db") as store:
        assert entries(store) == [ENTRY, ENTRY]


def test_many_writers_lose_no_entry(store: Engine) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: append(store, replace(ENTRY, reason=str(n))), range(40)))
    assert sorted(int(entry.reason) for entry in entries(store)) == list(range(40))


def test_times_are_read_in_utc(store: Engine) -> None:
    append(store, ENTRY)
    assert entries(store)[0].at.tzinfo is UTC


def test_a_time_of_another_zone_stays_the_same_moment(store: Engine) -> None:
    append(store, replace(ENTRY, at=NOON.astimezone(timezone(timedelta(hours=2)))))
    assert entries(store)[0].at == NOON


@settings(max_examples=25, deadline=None)
@given(
    reason=st.text(),
    evidence=st.dictionaries(st.text(), st.none() | st.booleans() | st.text() | st.floats(-1, 1), max_size=4),
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_any_reason_in_one_plain_line_evidence_and_moment_is_kept(
    reason: str, evidence: dict[str, object], at: datetime
) -> None:
    entry = replace(ENTRY, reason=reason, evidence=evidence, at=at)
    with TemporaryDirectory() as folder, store_at(Path(folder) / "store.db") as store:
        append(store, entry)
        assert entries(store) == [entry.readable()]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE promotion_ledger SET reason = 'another'",
        "UPDATE promotion_ledger SET actor = 'nobody' WHERE to_version = '2'",
        "UPDATE OR REPLACE promotion_ledger SET id = 1",
        "DELETE FROM promotion_ledger",
        "DELETE FROM promotion_ledger WHERE id = 1",
        pytest.param(REWRITE),
    ],
)
def test_the_database_refuses_to_change_or_remove_an_entry(statement: str, store: Engine) -> None:
    append(store, ENTRY)
    append(store, promoted("3", "2"))
    with pytest.raises(IntegrityError, match="the promotion ledger only grows"), store.begin() as connection:
        connection.execute(text(statement))
    assert entries(store) == [ENTRY, promoted("3", "2")]


def test_other_programs_cannot_change_an_entry_either_and_opening_the_store_again_keeps_it_so(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    for _ in range(2):
        with store_at(file) as store:
            append(store, ENTRY)
    with (
        closing(sqlite3.connect(file)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="the promotion ledger only grows"),
    ):
        connection.execute("DELETE FROM promotion_ledger")


ROLLED_BACK = replace(ENTRY, action="rollback", decision="rolled back", from_version="3", to_version="2")


@pytest.mark.parametrize(
    ("history", "version", "before"),
    [
        ([], "1", None),
        ([promoted("1", None)], "1", None),
        ([promoted("1", None), promoted("2", "1")], "2", "1"),
        ([promoted("1", None), promoted("2", "1"), promoted("3", "2")], "2", "1"),
        ([promoted("1", None), promoted("2", "1")], "3", None),
        ([promoted("2", "1"), promoted("3", "2"), ROLLED_BACK], "2", "1"),
        ([promoted("2", "1"), promoted("3", "2"), promoted("2", "3")], "2", "3"),
        ([promoted("2", "1"), replace(promoted("2", "5"), decision="kept")], "2", "1"),
        ([replace(promoted("2", "1"), decision="refused")], "2", None),
    ],
)
def test_a_predecessor_is_who_was_in_charge_before_the_last_promotion(
    history: list[LedgerEntry], version: str, before: str | None
) -> None:
    assert predecessor(history, version) == before
