import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

from newsdesk.errors import ConfigError
from newsdesk.store.database import open_store
from newsdesk.store.feedback import current_feedback, record_feedback
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import StoreError
from tests.unit.store.old_stores import FIRST
from tests.unit.store.opening import open_at_once
from tests.unit.store.rows import feedback, opened, prediction, store_in


def test_processes_that_open_a_new_store_at_once_all_find_it_whole(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'made' / 'store.db'}"
    open_at_once(address, 4)
    with closing(sqlite3.connect(tmp_path / "made" / "store.db")) as connection:
        triggers = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone()
    assert triggers == (3,)


def test_threads_that_open_new_stores_at_once_all_find_them_whole(tmp_path: Path) -> None:
    def tables(n: int) -> set[str]:
        engine = open_store(f"sqlite:///{tmp_path / f'{n % 10}.db'}")
        return set(inspect(engine).get_table_names())

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(tables, range(40)))
    assert all({"predictions", "feedback"} <= names for names in found)


def old_store(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "store.db")) as connection:
        connection.executescript(FIRST)
    return f"sqlite:///{folder / 'store.db'}"


def test_an_older_store_goes_on_with_what_is_in_it(tmp_path: Path) -> None:
    with opened(old_store(tmp_path)) as store:
        insert_predictions(store, [prediction(terms="ab", text_digest="b")])
        record_feedback(store, feedback(text_digest="b", caller="newsroom"))
        annotations = sorted(current_feedback(store))
    assert [(annotation.text_digest, annotation.category, annotation.caller) for annotation in annotations] == [
        ("a", "politics", None),
        ("b", "sport", "newsroom"),
    ]


def test_processes_that_open_an_older_store_at_once_all_find_it_whole(tmp_path: Path) -> None:
    address = old_store(tmp_path)
    open_at_once(address, 4)
    with opened(address) as store:
        assert "caller" in {column["name"] for column in inspect(store).get_columns("feedback")}


def test_a_store_that_lacks_nothing_is_not_written_to(tmp_path: Path) -> None:
    with store_in(tmp_path) as store, store.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # whoever would write now waits for ten seconds, and fails
        with store_in(tmp_path) as again:
            assert inspect(again).get_table_names()


def test_what_is_committed_outlives_a_power_cut(tmp_path: Path) -> None:
    with store_in(tmp_path) as store, store.connect() as connection:
        full = 2
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full


@pytest.mark.parametrize("address", ["mysql://there/store", "nonsense", "sqlite+unknown:///x"])
def test_an_address_of_no_store_is_a_mistake_in_the_configuration(address: str) -> None:
    with pytest.raises(ConfigError, match=r"NEWSDESK_DATABASE_URL cannot be used: .* Give sqlite:///FILE or"):
        open_store(address)


def test_a_file_that_is_no_database_ends_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_text("no database" * 100)
    with pytest.raises(StoreError, match="does not answer: file is not a database"):
        open_store(f"sqlite:///{tmp_path / 'store.db'}")


def test_a_postgresql_that_listens_but_says_nothing_is_given_up_after_seconds() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(StoreError, match="does not answer") as gone:
            open_store(f"postgresql://newsdesk:not-to-be-shown@127.0.0.1:{silent.getsockname()[1]}/postgres")
    assert "not-to-be-shown" not in str(gone.value)
