"""The database's wire: TLS that clients verify, on a real PostgreSQL with the certificates and rules of production."""

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import make_url, text

from newsdesk.cli.app import main
from newsdesk.operations.backup.error import BackupError
from newsdesk.operations.backup.postgresql import PostgresqlDatabase
from newsdesk.operations.doctor import database_tls
from newsdesk.operations.doctor.database import check_store
from newsdesk.operations.doctor.finding import Finding
from newsdesk.operations.doctor.other_databases import check_other_databases
from tests.builders import settings_in
from tests.stack.encrypted_postgresql import PASSWORD, EncryptedPostgresql, encrypted_postgresql, renew, setup_env
from tests.stack.monitoring_servers import require, running
from tests.unit.deploy.test_compose_files import stack
from tests.unit.store.rows import feedback, opened
from tests.waiting import eventually

pytestmark = pytest.mark.stack

IN_CLEAR_TOO = "host all all all scram-sha-256\n"


@pytest.fixture(scope="module")
def server(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EncryptedPostgresql]:
    with encrypted_postgresql(programs, tmp_path_factory.mktemp("tls")) as server:
        yield server


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of an authority that others trust."""
    return setup_env(tmp_path_factory.mktemp("stranger") / "secrets", "--production") / "database_ca"


@pytest.fixture
def expired(server: EncryptedPostgresql) -> Iterator[None]:
    """The server's certificate has ended."""
    renew(server.secrets, DATABASE_CERTIFICATE_DAYS="0")
    server.reload()
    time.sleep(1.1)  # the moment in which it ends is still one of its own
    yield
    renew(server.secrets)
    server.reload()


@pytest.fixture
def newsdesk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """The command line on a store: exit code, and all that it says."""

    def run(address: str, *arguments: str) -> tuple[int, str]:
        monkeypatch.setenv("NEWSDESK_HOME", str(tmp_path / "var"))
        monkeypatch.setenv("NEWSDESK_DATABASE_URL", address)
        monkeypatch.setattr(sys, "argv", ["newsdesk", *arguments])
        for name in ("stdout", "stderr"):  # put back in the end: the command line puts others in their place
            monkeypatch.setattr(sys, name, getattr(sys, name))
        with pytest.raises(SystemExit) as ended:
            main()
        told = capfd.readouterr()
        return int(ended.value.code or 0), re.sub(r"\s+", " ", told.out + told.err)

    return run


def new_database(server: EncryptedPostgresql, name: str) -> str:
    """A verified address of a new database."""
    with psycopg.connect(server.verified, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return server.verified.replace("/postgres?", f"/{name}?")


def levels(findings: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.level, finding.message) for finding in findings]


@pytest.fixture
def far_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback, where the tests' server listens, counts as a network."""
    monkeypatch.setattr(database_tls, "_is_local", lambda _: False)


def test_a_store_works_by_an_address_that_verifies_the_server(
    server: EncryptedPostgresql, newsdesk: Callable[..., tuple[int, str]]
) -> None:
    address = new_database(server, "verified")
    assert newsdesk(address, "store", "migrate")[0] == 0
    with opened(address) as store, store.connect() as connection:
        used = connection.execute(text("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).one()
    assert tuple(used) == (True, "TLSv1.3")


def test_a_store_works_by_the_variables_that_production_sets(
    server: EncryptedPostgresql,
    newsdesk: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
    stranger: Path,
) -> None:
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    monkeypatch.setenv("PGSSLROOTCERT", str(server.authority))
    assert newsdesk(server.server.address, "store", "status")[0] == 0
    monkeypatch.setenv("PGSSLROOTCERT", str(stranger))
    assert "certificate verify failed" in newsdesk(server.server.address, "store", "status")[1]


@pytest.mark.parametrize("command", [("store", "status"), ("store", "migrate"), ("backup",)])
@pytest.mark.parametrize(
    ("case", "said", "fix"),
    [
        ("stranger", "certificate verify failed", "another authority signed it"),
        ("name", "does not match host name", "DATABASE_HOSTS="),
        ("missing", "root certificate file", "scripts/setup_env.sh --production"),
        ("clear", "no encryption", "sslmode=verify-full"),
    ],
)
def test_a_wrong_certificate_and_no_encryption_are_refused_in_one_sentence_with_the_fix(
    server: EncryptedPostgresql,
    newsdesk: Callable[..., tuple[int, str]],
    stranger: Path,
    command: tuple[str, ...],
    case: str,
    said: str,
    fix: str,
) -> None:
    plain, verified = server.server.address, server.verified
    address = {
        "stranger": f"{plain}?sslmode=verify-full&sslrootcert={stranger}",
        "name": verified.replace("127.0.0.1", "elsewhere.test") + "&hostaddr=127.0.0.1",
        "missing": verified.replace("database_ca", "nothing"),
        "clear": f"{plain}?sslmode=disable",
    }[case]
    code, told = newsdesk(address, *command)
    assert code == 1
    assert said in told
    assert fix in told
    assert "Traceback" not in told
    assert PASSWORD not in told


def test_a_certificate_that_has_ended_is_refused_and_the_doctor_says_that_it_has(
    server: EncryptedPostgresql, newsdesk: Callable[..., tuple[int, str]], expired: None
) -> None:
    code, told = newsdesk(server.verified, "store", "status")
    assert (code, "certificate verify failed" in told) == (1, True)
    code, told = newsdesk(server.verified, "doctor", "--only", "database")
    assert code == 1
    assert "The database's certificate ended on" in told
    assert "--renew-database-certificate" in told
    assert PASSWORD not in told


def test_a_renewed_certificate_is_taken_while_connections_stay_open(server: EncryptedPostgresql) -> None:
    def shown() -> bytes | None:
        url = make_url(server.server.address)
        return database_tls._fetch_certificate(url.host or "", url.port or 0, 5)

    before = shown()
    with psycopg.connect(server.verified) as open_since:
        renew(server.secrets)
        server.reload()
        until = time.monotonic() + 10
        while shown() == before and time.monotonic() < until:
            time.sleep(0.05)
        assert shown() != before
        assert open_since.execute("SELECT 1").fetchone() == (1,)
    psycopg.connect(server.verified).close()


def test_a_backup_comes_back_by_tls_and_is_not_given_to_a_stranger(
    server: EncryptedPostgresql, stranger: Path, tmp_path: Path
) -> None:
    url = make_url(new_database(server, "kept"))
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS id")
        connection.execute("CREATE VIEW wire AS SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    PostgresqlDatabase(url).dump(tmp_path / "dump")
    restored = PostgresqlDatabase(make_url(new_database(server, "restored")))
    restored.restore(tmp_path / "dump")
    assert restored.rows("kept") == 1000
    assert restored._run("psql", "-XAtq", "-c", "SELECT ssl FROM wire") == "t\n"
    for wrong in (url.update_query_dict({"sslrootcert": str(stranger)}), url.update_query_dict({"sslmode": "disable"})):
        database = PostgresqlDatabase(wrong)
        for work in (database.dump, database.restore):
            with pytest.raises(BackupError, match="sslrootcert") as refused:
                work(tmp_path / "dump")
            assert PASSWORD not in str(refused.value)


def test_the_doctor_asks_the_connection_and_not_the_address(server: EncryptedPostgresql, far_away: None) -> None:
    plain = server.server.address
    server.reload(IN_CLEAR_TOO)
    try:
        found = {
            mode: levels(check_store(f"{plain}?sslmode={mode}", in_production=True)) for mode in ("disable", "require")
        }
        assert any(level == "warning" and "in clear" in told for level, told in found["disable"])
        assert any(level == "warning" and "sslmode=require" in told for level, told in found["require"])
        assert not any("in clear" in told for _, told in levels(check_store(f"{plain}?sslmode=disable")))
    finally:
        server.reload()
    verified = levels(check_store(server.verified, in_production=True))
    assert {level for level, told in verified if "TLS" in told or "certificate" in told} == {"ok"}
    assert any("valid until" in told for _, told in verified)


def test_the_doctor_asks_for_the_databases_of_backups_too(
    server: EncryptedPostgresql, far_away: None, stranger: Path, tmp_path: Path
) -> None:
    plain = server.server.address
    addresses = f"{plain}?sslmode=require,{plain}?sslmode=verify-full&sslrootcert={stranger},{server.verified}"
    told = {"NEWSDESK_ENVIRONMENT": "production", "BACKUP_DATABASES": addresses}
    found = list(check_other_databases(settings_in(tmp_path, **told)))
    assert [finding.level for finding in found] == ["warning", "problem", "ok"]
    assert "another authority" in found[1].fix
    assert list(check_other_databases(settings_in(tmp_path, BACKUP_DATABASES=addresses))) == []


def test_what_does_not_leave_this_machine_may_be_in_clear(server: EncryptedPostgresql) -> None:
    server.reload(IN_CLEAR_TOO)
    try:
        found = levels(check_store(f"{server.server.address}?sslmode=disable", in_production=True))
    finally:
        server.reload()
    assert not any("in clear" in told for _, told in found)


def test_mlflow_reaches_its_database_as_production_tells_it_to(
    server: EncryptedPostgresql, stranger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.store.db.utils import create_sqlalchemy_engine

    told = stack("production")["services"]["mlflow"]["environment"]
    for name in ("PGSSLMODE", "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE", "MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW"):
        monkeypatch.setenv(name, told[name])
    monkeypatch.setenv("PGSSLROOTCERT", str(server.authority))
    engine = create_sqlalchemy_engine(server.server.address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar() is True
    assert (engine.pool.size(), engine.pool._max_overflow) == (5, 5)
    engine.dispose()
    monkeypatch.setenv("PGSSLROOTCERT", str(stranger))
    with pytest.raises(Exception, match="certificate verify failed"):
        engine.connect()


def test_the_exporter_of_postgresql_verifies_as_production_tells_it_to(
    server: EncryptedPostgresql, stranger: Path, tmp_path: Path, missing: Callable[[str], None]
) -> None:
    require(missing, "postgres_exporter")
    source = stack("production")["services"]["postgres-exporter"]["environment"]["DATA_SOURCE_URI"]
    url = make_url(server.server.address)
    here = source.replace("postgres:5432", f"{url.host}:{url.port}")
    for authority, up in ((server.authority, "1"), (stranger, "0")):
        folder = tmp_path / up
        folder.mkdir()
        shutil.copy(authority, folder / "ca")
        login = {"DATA_SOURCE_USER": str(url.username), "DATA_SOURCE_PASS": PASSWORD}
        uri = here.replace("/run/secrets/database_ca", str(folder / "ca"))
        with running("postgres_exporter", folder, DATA_SOURCE_URI=uri, **login) as address:
            assert f"\npg_up {up}\n" in httpx.get(f"{address}/metrics", timeout=30).text


def test_no_password_stands_in_the_command_line_of_a_backup(server: EncryptedPostgresql, tmp_path: Path) -> None:
    told = PostgresqlDatabase(make_url(server.verified))
    with psycopg.connect(server.verified) as holder:
        holder.execute("CREATE TABLE held (id int)")
    with psycopg.connect(server.verified) as holder, ThreadPoolExecutor(1) as thread:
        holder.execute("LOCK TABLE held IN ACCESS EXCLUSIVE MODE")
        dumping = thread.submit(told.dump, tmp_path / "dump")
        eventually(lambda: "pg_dump" in command_lines(), "pg_dump waits")
        seen = command_lines()
        holder.rollback()
        dumping.result()
    assert PASSWORD not in seen


def command_lines() -> str:
    """Of the processes that this one has started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parent = int((process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
            if parent == os.getpid():
                found.append((process / "cmdline").read_text(encoding="utf-8"))
    return "\n".join(found)


def test_a_client_that_speaks_old_tls_only_is_refused(server: EncryptedPostgresql) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"protocol version|alert"):
        psycopg.connect(f"{server.verified}&ssl_max_protocol_version=TLSv1.2")


def test_feedback_is_written_by_tls(server: EncryptedPostgresql) -> None:
    from newsdesk.store.feedback import record_feedback

    with opened(new_database(server, "feedback")) as store:
        assert record_feedback(store, feedback()).status == "created"
