"""The restore drill on real servers: PostgreSQL for the store and MLflow, an MLflow server, and an API under load."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from newsdesk.operations.backup.databases import NamedDatabase, databases
from newsdesk.operations.backup.error import BackupError
from newsdesk.operations.backup.postgresql import PostgresqlDatabase
from newsdesk.store.database import open_store
from tests.builders import settings_in
from tests.restoring import Newsroom, drill
from tests.stack.servers import postgresql, stoppable_mlflow_server
from tests.waiting import eventually

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def server(programs: Path) -> Iterator[str]:
    with postgresql(programs) as address:
        yield address


def new_database(server: str, name: str) -> str:
    """A new, empty database in place of one of that name; its address."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return server.rpartition("/")[0] + f"/{name}"


def rows(address: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(address) as connection:
        return connection.execute(query.encode()).fetchall()


def test_everything_comes_back_after_postgresql_and_mlflow_are_lost(server: str, tmp_path: Path) -> None:
    store, runs = new_database(server, "newsdesk"), new_database(server, "mlflow")
    artifacts, backups = tmp_path / "artifacts", tmp_path / "backups"
    with stoppable_mlflow_server(runs.replace("postgresql://", "postgresql+psycopg://"), tmp_path) as mlflow:

        def lose_everything() -> None:
            mlflow.stop()
            for name in ("newsdesk", "mlflow"):
                new_database(server, name)
            shutil.rmtree(tmp_path / "var")
            shutil.rmtree(artifacts)

        newsroom = Newsroom(
            tmp_path,
            {
                "NEWSDESK_HOME": str(tmp_path / "var"),
                "NEWSDESK_DATABASE_URL": store,
                "MLFLOW_TRACKING_URI": mlflow.address,
            },
            {"NEWSDESK_BACKUPS": str(backups), "BACKUP_DATABASES": runs, "MLFLOW_ARTIFACT_ROOT": str(artifacts)},
        )
        drill(newsroom, lose_everything, mlflow.start)


def test_a_database_is_replaced_whole_and_its_ledger_still_only_grows(server: str, tmp_path: Path) -> None:
    address = new_database(server, "replaced")
    open_store(address).dispose()
    database = PostgresqlDatabase(make_url(address))
    database.dump(tmp_path / "dump")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE SCHEMA other CREATE TABLE later (id int)")
        connection.execute("CREATE TABLE later (id int)")
    database.restore(tmp_path / "dump")
    assert rows(address, "SELECT to_regclass('later'), to_regnamespace('other')") == [(None, None)]
    with pytest.raises(psycopg.errors.RaiseException, match="only grows"):
        rows(address, "DELETE FROM promotion_ledger RETURNING 1")


def test_half_a_dump_changes_nothing(server: str, tmp_path: Path) -> None:
    address = new_database(server, "kept")
    database = PostgresqlDatabase(make_url(address))
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 200000) AS id")
    database.dump(tmp_path / "dump")
    content = (tmp_path / "dump").read_bytes()
    (tmp_path / "dump").write_bytes(content[: len(content) // 2])
    with pytest.raises(BackupError, match="pg_restore"):
        database.restore(tmp_path / "dump")
    assert rows(address, "SELECT count(*) FROM kept") == [(200000,)]


def test_a_sound_dump_of_another_database_is_not_taken_for_the_store(server: str, tmp_path: Path) -> None:
    address = new_database(server, "store")
    named = NamedDatabase("store", PostgresqlDatabase(make_url(address)))
    with psycopg.connect(address) as connection:
        connection.execute('CREATE TABLE "somebody\'s own" (id int)')
    named.database.dump(tmp_path / "other.dump")
    with pytest.raises(BackupError, match="is not the store of Newsdesk"):
        named.check(tmp_path / "other.dump")
    open_store(address).dispose()
    named.database.dump(tmp_path / "store.dump")
    named.check(tmp_path / "store.dump")


def test_no_password_is_told(server: str, tmp_path: Path) -> None:
    away = make_url(server).set(port=1)
    with pytest.raises(BackupError) as told:
        PostgresqlDatabase(away).dump(tmp_path / "dump")
    assert "pg_dump" in str(told.value)
    assert "not-to-be-shown" not in str(told.value)


def test_a_database_is_known_by_its_name(server: str, tmp_path: Path) -> None:
    runs = new_database(server, "mlflow")
    settings = settings_in(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:1", BACKUP_DATABASES=f"{runs}, {runs}")
    named: list[NamedDatabase] = databases(settings)
    assert [one.name for one in named] == ["store", "mlflow", "mlflow-2"]
    assert [one.member for one in named] == [
        "databases/store.sqlite",
        "databases/mlflow.dump",
        "databases/mlflow-2.dump",
    ]


def test_a_killed_restore_leaves_a_database_as_it_was(server: str, tmp_path: Path) -> None:
    address = new_database(server, "killed")
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 500000) AS id, repeat('x', 100) AS filling")
    newsroom = Newsroom(tmp_path, {"NEWSDESK_HOME": str(tmp_path / "var")}, {"BACKUP_DATABASES": address})
    archive = newsroom.back_up()
    with psycopg.connect(address) as connection:
        connection.execute("DELETE FROM kept WHERE id > 10")
    killed = newsroom.start("restore", str(archive), "--yes")
    at_work = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'killed' AND query LIKE 'COPY%' AND state = 'active'"
    )
    eventually(lambda: rows(server, at_work) == [(1,)], "psql copies")
    killed.kill()
    killed.communicate()
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'killed'"
    eventually(lambda: rows(server, others) == [(0,)], "psql ends")
    assert rows(address, "SELECT count(*) FROM kept") == [(10,)]
    newsroom.run("restore", str(archive))
    assert rows(address, "SELECT count(*) FROM kept") == [(500000,)]


def test_no_command_line_shows_a_password(server: str, tmp_path: Path) -> None:
    address, password = new_database(server, "secret"), uuid4().hex  # other tests have theirs on command lines
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 500000) AS id, repeat('x', 100) AS filling")
    seen: set[bytes] = set()
    done = Event()

    def watch() -> None:
        while not done.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    seen.add(path.read_bytes())

    watcher = Thread(target=watch)
    watcher.start()
    try:
        PostgresqlDatabase(make_url(address).set(password=password)).dump(tmp_path / "dump")
    finally:
        done.set()
        watcher.join()
    assert any(b"pg_dump" in line for line in seen)
    assert not any(password.encode() in line for line in seen)
