import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table

from newsdesk.errors import UsageError
from newsdesk.store import store_copy
from newsdesk.store.ledger import LedgerEntry, append, entries
from newsdesk.store.migration import run_migration
from newsdesk.store.records import StoreError
from newsdesk.store.store_copy import copy_store
from tests.unit.store.filled import ENTRIES, PREDICTIONS, fill
from tests.unit.store.rows import NOON, store_at


def address(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    with store_at(tmp_path / "source.db") as store:
        fill(store)
    return tmp_path / "source.db"


def rows_of(file: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(file)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr) for name in names}


def test_a_copy_holds_every_row_and_is_told_by_counts_and_digests(source: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    copied = copy_store(address(source), address(tmp_path / "target.db"), lambda *one: told.append(one))
    assert {name: content.rows for name, content in copied.items()} == {
        "predictions": PREDICTIONS,
        "feedback": 2,
        "promotion_ledger": ENTRIES,
        "monitoring_windows": 1,
        "pipeline_runs": 1,
    }
    assert rows_of(tmp_path / "target.db") == rows_of(source)
    assert [rows for name, rows in told if name == "predictions"] == [0, 1000, PREDICTIONS - 1000]
    again = copy_store(address(tmp_path / "target.db"), address(tmp_path / "third.db"))
    assert again == copied


def test_the_copy_goes_on_where_the_store_was(source: Path, tmp_path: Path) -> None:
    copy_store(address(source), address(tmp_path / "target.db"))
    with store_at(tmp_path / "target.db") as store:
        append(store, LedgerEntry(NOON, "ada", "promote", "promoted", "1", "9", None, "next", {}))
        assert [entry.to_version for entry in entries(store)] == ["0", "1", "2", "9"]


def test_a_store_that_is_set_up_and_empty_can_be_copied_to(source: Path, tmp_path: Path) -> None:
    run_migration(address(tmp_path / "target.db"))
    copy_store(address(source), address(tmp_path / "target.db"))
    assert rows_of(tmp_path / "target.db") == rows_of(source)


def test_nothing_is_copied_over_anything(source: Path, tmp_path: Path) -> None:
    with store_at(tmp_path / "target.db") as store:
        append(store, LedgerEntry(NOON, "ada", "promote", "promoted", None, "1", None, "mine", {}))
    before = rows_of(tmp_path / "target.db")
    with pytest.raises(UsageError, match="is not empty: promotion_ledger has 1 rows"):
        copy_store(address(source), address(tmp_path / "target.db"))
    assert rows_of(tmp_path / "target.db") == before


@pytest.mark.parametrize("where", ["in the middle", "at the check"])
def test_interrupted_it_leaves_the_target_empty_and_can_be_done_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def stop(name: str, rows: int) -> None:
        if where == "in the middle" and name == "predictions" and rows:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if where == "at the check":
            real = store_copy._read_content
            wrong = store_copy.TableContent(0, "")

            def content(table: Table, connection: Connection) -> store_copy.TableContent:
                return wrong if table.name == "feedback" else real(table, connection)

            patched.setattr(store_copy, "_read_content", content)
        with pytest.raises((KeyboardInterrupt, StoreError)):
            copy_store(address(source), address(tmp_path / "target.db"), stop)
    assert not any(rows_of(tmp_path / "target.db").values())
    copy_store(address(source), address(tmp_path / "target.db"))
    assert rows_of(tmp_path / "target.db") == rows_of(source)


def test_stores_that_are_not_fit_for_it_are_told_what_to_do(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no store at .*nowhere\.db: nothing to copy"):
        copy_store(address(tmp_path / "nowhere.db"), address(tmp_path / "target.db"))
    assert not (tmp_path / "nowhere.db").exists()
    with pytest.raises(UsageError, match="cannot be copied to itself"):
        copy_store(address(source), address(source))
    run_migration(address(source), "0001", may_lose=True)
    with pytest.raises(UsageError, match="run: newsdesk store migrate"):
        copy_store(address(source), address(tmp_path / "target.db"))
    assert not (tmp_path / "target.db").exists()


def test_a_row_that_the_target_does_not_take_is_named(source: Path, tmp_path: Path) -> None:
    run_migration(address(tmp_path / "target.db"))
    with closing(sqlite3.connect(tmp_path / "target.db")) as connection:
        connection.execute(
            "CREATE TRIGGER picky BEFORE INSERT ON predictions WHEN NEW.language = '' "
            "BEGIN SELECT RAISE(ABORT, 'no empty language'); END"
        )
    with pytest.raises(StoreError, match="predictions: the row with id 00000000-0000-7000-8000-00000000000B cannot be"):
        copy_store(address(source), address(tmp_path / "target.db"))
    assert not rows_of(tmp_path / "target.db")["feedback"]
