"""What each check of the doctor finds, on the real thing."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from unittest.mock import Mock

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from filelock import FileLock

from newsdesk.operations.backup.restore import UNFINISHED
from newsdesk.operations.backup.retention import PLAIN, archive_name
from newsdesk.operations.doctor import database_tls
from newsdesk.operations.doctor.airflow import check_airflow
from newsdesk.operations.doctor.backups import check_backups
from newsdesk.operations.doctor.certificate import check_certificate
from newsdesk.operations.doctor.clock import check_clock, skew
from newsdesk.operations.doctor.database import check_store
from newsdesk.operations.doctor.finding import Finding
from newsdesk.operations.doctor.ports import check_port
from newsdesk.operations.doctor.resources import available_memory, check_disk, check_memory, room
from newsdesk.operations.doctor.secrets import check_secrets
from newsdesk.operations.doctor.state import check_lock, check_restore, check_spool
from newsdesk.operations.doctor.versions import check_versions
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from newsdesk.serving.security.signing_secret import require_strong_secret
from newsdesk.store.database import open_store
from tests.answering import answering
from tests.builders import settings_in
from tests.unit.monitoring.exporter.airflow_server import PASSWORD, USER, airflow_server
from tests.unit.store.old_stores import FIRST

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def levels(findings: Iterator[Finding]) -> list[str]:
    found = list(findings)
    assert all(bool(finding.fix) == (finding.level != "ok") for finding in found), "what is not well has a fix"
    return [finding.level for finding in found]


def certificate(file: Path, begin: datetime, end: datetime) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "newsdesk.test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.mark.parametrize(
    ("begin", "end", "level"),
    [(-10, 90, "ok"), (-80, 10, "warning"), (-90, -1, "problem"), (1, 90, "problem")],
)
def test_a_certificate_is_told_before_it_ends(tmp_path: Path, begin: int, end: int, level: str) -> None:
    file = certificate(tmp_path / "cert.pem", NOW + timedelta(days=begin), NOW + timedelta(days=end))
    assert levels(check_certificate(file, NOW)) == [level]


@pytest.mark.parametrize("left", [".restore-databases", "inbox/.restore-inbox"])
def test_what_a_killed_restore_left_is_told(tmp_path: Path, left: str) -> None:
    (tmp_path / "inbox").mkdir()
    assert levels(check_restore(tmp_path)) == []
    (tmp_path / left).mkdir()
    (finding,) = check_restore(tmp_path)
    assert finding.level == "warning"
    assert str(tmp_path / left) in finding.fix
    (tmp_path / UNFINISHED).touch()
    assert levels(check_restore(tmp_path)) == ["problem"]


def test_what_is_no_certificate_is_told_and_none_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_bytes(b"none")
    assert levels(check_certificate(tmp_path / "cert.pem", NOW)) == ["problem"]
    assert levels(check_certificate(tmp_path / "missing.pem", NOW)) == ["problem"]
    assert levels(check_certificate(None, NOW)) == []


@pytest.mark.parametrize(("seconds", "level"), [(0, "ok"), (30, "warning"), (-30, "warning"), (3600, "problem")])
def test_a_clock_that_goes_wrong_is_told(seconds: int, level: str) -> None:
    assert levels(skew("MLflow", NOW + timedelta(seconds=seconds), NOW)) == [level]
    for status in (200, 500):
        with answering(status, b"", NOW + timedelta(seconds=seconds)) as port:
            assert levels(check_clock("MLflow", f"http://127.0.0.1:{port}", NOW)) == [level]


@pytest.mark.parametrize(
    ("status", "body", "level"),
    [
        (200, b'{"status": "healthy", "model_version": "1"}', "ok"),
        (200, b'{"status": "degraded", "model_version": "1"}', "warning"),
        (503, b'{"status": "unavailable", "model_version": null}', "warning"),
        (200, b'{"status": "healthy"}', "problem"),
        (200, b"[]", "problem"),
        (404, b"", "problem"),
    ],
)
def test_who_listens_on_the_port_is_known_by_its_answer(status: int, body: bytes, level: str, tmp_path: Path) -> None:
    with answering(status, body) as port:
        assert levels(check_port("127.0.0.1", port, tmp_path)) == [level]
        assert levels(check_port("0.0.0.0", port, tmp_path)) == [level]


def test_of_two_newsrooms_on_one_machine_each_knows_its_own_server(tmp_path: Path) -> None:
    morning, evening = ("sha256:" + character * 64 for character in "ab")
    homes = {digest: tmp_path / name for digest, name in ((morning, "morning"), (evening, "evening"))}
    for digest, bundles in homes.items():
        write_champion_pointer(bundles, ChampionPointer(version="1", digest=digest, bundle=bundle_folder_name(digest)))
    body = json.dumps({"status": "healthy", "model_version": "1", "digest": morning}).encode()
    with answering(200, body) as port:
        assert levels(check_port("127.0.0.1", port, homes[morning])) == ["ok"]
        (other,) = check_port("127.0.0.1", port, homes[evening])
        assert (other.level, "another newsroom's" in other.message, "API_PORT" in other.fix) == ("problem", True, True)
        (
            homes[evening] / bundle_folder_name(morning)
        ).mkdir()  # a server that did not follow yet serves an earlier model
        assert levels(check_port("127.0.0.1", port, homes[evening])) == ["ok"]


def test_an_address_that_is_not_of_this_machine_is_told(tmp_path: Path) -> None:
    assert levels(check_port("192.0.2.1", 8000, tmp_path)) == ["problem"]


def test_a_store_is_looked_into_and_never_made(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    assert levels(check_store(f"sqlite:///{file}")) == ["ok"]
    assert not file.exists()
    open_store(f"sqlite:///{file}").dispose()
    assert levels(check_store(f"sqlite:///{file}")) == ["ok"]
    file.write_bytes(file.read_bytes()[:4096] + os.urandom(8192))
    assert levels(check_store(f"sqlite:///{file}")) == ["problem"]
    assert levels(check_store("no address")) == ["problem"]


def test_a_store_older_than_this_version_is_told_with_the_command_that_migrates_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "newsdesk.db")) as older:
        older.executescript(FIRST)
    found = list(check_store(f"sqlite:///{tmp_path / 'newsdesk.db'}"))
    assert [finding.level for finding in found] == ["ok", "warning"]
    assert "newsdesk store migrate" in found[1].fix


def test_what_waits_for_the_store_is_told_when_it_waits_for_long(tmp_path: Path) -> None:
    assert levels(check_spool(tmp_path, NOW)) == ["ok"]
    file = tmp_path / "feedback-1.jsonl"
    file.write_text("{}\n", encoding="utf-8")
    for minutes, level in ((1, "ok"), (30, "warning")):
        then = (NOW - timedelta(minutes=minutes)).timestamp()
        os.utime(file, (then, then))
        assert levels(check_spool(tmp_path, NOW)) == [level]


def test_a_command_at_work_is_told(tmp_path: Path) -> None:
    assert levels(check_lock(tmp_path)) == []
    with FileLock(tmp_path / ".lock"):
        assert levels(check_lock(tmp_path)) == ["warning"]
    assert levels(check_lock(tmp_path)) == ["ok"]


def test_an_old_backup_and_none_are_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert levels(check_backups(settings, NOW)) == ["warning"]
    settings.backups.mkdir(parents=True)
    for days, level in ((30, "warning"), (1, "ok")):
        (settings.backups / archive_name(NOW - timedelta(days=days), PLAIN)).touch()
        assert levels(check_backups(settings, NOW)) == [level]


def test_a_passphrase_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, BACKUP_PASSPHRASE_FILE=str(tmp_path / "missing"))
    assert levels(check_backups(settings, NOW)) == ["warning", "problem"]


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({}, "ok"),
        ({"API_HOST": "0.0.0.0"}, "warning"),
        ({"API_HOST": "0.0.0.0", "API_AUTH": "true"}, "ok"),
        ({"NEWSDESK_DATABASE_URL": "postgresql://newsdesk:Password@db/x"}, "warning"),
        ({"BACKUP_DATABASES": "postgresql://a:e3b0c44298fc1c14@db/x,postgresql://airflow:airflow@db/y"}, "warning"),
        ({"NEWSDESK_ENVIRONMENT": "production"}, "problem"),
        ({"NEWSDESK_ENVIRONMENT": "production", "API_SECRET_KEY": "changeme" * 4}, "problem"),
        ({"NEWSDESK_ENVIRONMENT": "production", "API_SECRET_KEY": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4"}, "ok"),
    ],
)
def test_weak_secrets_and_open_doors_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], level: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert levels(check_secrets(settings_in(tmp_path, **environment), require_strong_secret)) == [level]


def test_a_file_of_secrets_that_all_can_read_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    settings.home.mkdir()
    for mode, level in ((0o644, "warning"), (0o600, "ok")):
        settings.keys_file.touch()
        settings.keys_file.chmod(mode)
        assert levels(check_secrets(settings, require_strong_secret)) == [level]


def test_a_secret_that_was_laid_into_a_container_may_be_readable_there(tmp_path: Path) -> None:
    passphrase = tmp_path / "run" / "secrets" / "backup_passphrase"
    passphrase.parent.mkdir(parents=True)
    passphrase.write_text("long enough a passphrase", encoding="utf-8")
    passphrase.chmod(0o444)
    named = {"BACKUP_PASSPHRASE_FILE": str(passphrase)}
    assert levels(check_secrets(settings_in(tmp_path, **named), require_strong_secret)) == ["warning"]
    named["NEWSDESK_SECRETS_DIR"] = str(passphrase.parent)
    assert levels(check_secrets(settings_in(tmp_path, **named), require_strong_secret)) == ["ok"]


@pytest.mark.parametrize(("free", "level"), [(1e11, "ok"), (2e9, "warning"), (1e8, "problem")])
def test_a_disk_that_runs_full_is_told(tmp_path: Path, free: float, level: str) -> None:
    assert levels(iter([room(tmp_path, int(free))])) == [level]
    assert len(levels(check_disk(tmp_path / "not" / "there", tmp_path))) == 1


def test_memory_is_known_or_not_spoken_of() -> None:
    assert levels(check_memory(1, None)) == []
    available = available_memory()
    assert available is not None
    assert available > 0


def test_packages_that_differ_from_the_lock_are_told(tmp_path: Path) -> None:
    lock = tmp_path / "train.txt"
    lock.write_text("numpy==0.0.1 \\\n    --hash=sha256:00\nnot-installed==1\n", encoding="utf-8")
    assert levels(check_versions(tmp_path)) == ["ok", "warning"]


@pytest.mark.parametrize("other", ["python_full_version < '3.0'", "sys_platform == 'win32'"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_package_is_measured_by_the_pin_that_is_meant_for_this_python(
    tmp_path: Path, other: str, turned: bool
) -> None:
    installed = version("numpy")
    pins = [f"numpy=={installed} ; python_full_version >= '3.0'", f"numpy==0.0.1 ; {other}"]
    for ours, expected in ((pins, ["ok", "ok"]), ([pins[1].replace(other, "python_version > '3'")], ["ok", "warning"])):
        lines = [f"{line} \\\n    --hash=sha256:00\n    # via newsdesk\n" for line in (ours[::-1] if turned else ours)]
        (tmp_path / "train.txt").write_text("".join(lines), encoding="utf-8")
        assert levels(check_versions(tmp_path)) == expected


def test_the_packages_of_this_environment_are_those_of_its_lock() -> None:
    told = [finding.message for finding in check_versions(Path(__file__).parents[3] / "requirements")]
    assert "numpy" not in told[-1]  # pinned twice, by Python


def test_a_part_of_airflow_that_is_not_well_is_told(tmp_path: Path) -> None:
    assert levels(check_airflow(settings_in(tmp_path))) == []
    with airflow_server() as server:
        login = {"AIRFLOW_API_URL": server.address, "AIRFLOW_API_USERNAME": USER, "AIRFLOW_API_PASSWORD": PASSWORD}
        (found,) = check_airflow(settings_in(tmp_path, **login))
        assert (found.level, "scheduler" in found.message) == ("problem", True)
        server.components["scheduler"] = "healthy"
        assert levels(check_airflow(settings_in(tmp_path, **login))) == ["ok"]
        assert levels(check_airflow(settings_in(tmp_path, **(login | {"AIRFLOW_API_PASSWORD": "x"})))) == ["problem"]


@pytest.mark.parametrize(
    ("host", "address", "is_here"),
    [
        (b"/run/postgresql", b"", True),
        (b"localhost", b"127.0.0.1", True),
        (b"ip6", b"::1", True),
        (b"localhost", b"10.0.0.3", False),
        (b"postgres", b"172.30.99.2", False),
        (b"127.0.0.1.example", b"192.0.2.1", False),
    ],
)
def test_what_leaves_this_machine_is_known_by_the_address_that_was_reached(
    host: bytes, address: bytes, is_here: bool
) -> None:
    reached = Mock(spec=["host", "hostaddr"], host=host, hostaddr=address)
    assert database_tls._is_local(reached) is is_here
