"""The certificate of a database server: when it ends is told, and what is wrong with it does not pass by itself."""

import json
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import make_url

from newsdesk.cli.app import main
from newsdesk.operations.doctor.database_tls import check_server_certificate
from newsdesk.operations.doctor.finding import Finding

HOST = "127.0.0.1"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def certificate(folder: Path, end: datetime) -> Path:
    """One that signed itself, with its key behind it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - timedelta(days=90))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "database_ca"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@contextmanager
def server(file: Path, *, of_postgresql: bool = True) -> Iterator[int]:
    """The port of one that shows this certificate, asked as PostgreSQL is or at once, and has nothing to say."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    listening = socket.create_server((HOST, 0))

    def answer() -> None:
        with suppress(OSError):
            while True:
                asking = listening.accept()[0]
                with suppress(OSError), asking:
                    asking.settimeout(5)
                    if of_postgresql:
                        asking.recv(8)
                        asking.sendall(b"S")
                    with context.wrap_socket(asking, server_side=True) as encrypted:
                        encrypted.recv(1)

    thread = Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def nobody() -> int:
    """A port on which nobody listens."""
    with socket.create_server((HOST, 0)) as closed:
        return int(closed.getsockname()[1])


def looked_at(address: str) -> list[Finding]:
    return list(check_server_certificate(make_url(address), NOW, 2))


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://u:p@127.0.0.1:{port}/news",
        "postgresql+psycopg://u:p@nowhere.invalid:{port}/news?hostaddr=127.0.0.1",
        "postgresql+psycopg://u:p@nowhere.invalid/news?hostaddr=127.0.0.1&port={port}",
        "postgresql+psycopg:///news?host=127.0.0.1&port={port}",
        "postgresql+psycopg:///news?host=127.0.0.1:{port}",
        "postgresql+psycopg:///news",
    ],
)
def test_a_certificate_that_ends_is_told_wherever_the_address_names_its_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    with server(certificate(tmp_path, NOW + timedelta(days=3))) as port:
        monkeypatch.setenv("PGHOST", "nowhere.invalid")
        monkeypatch.setenv("PGPORT", str(port))
        if "127.0.0.1" not in address:
            monkeypatch.setenv("PGHOSTADDR", HOST)
        (found,) = looked_at(address.format(port=port))
    assert found.level == "warning"
    assert "ends on 2026-06-04, in 3 days" in found.message


def test_each_server_of_an_address_is_looked_at_and_one_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with server(certificate(tmp_path, NOW + timedelta(days=3))) as port:
        away = nobody()
        ended, unseen = looked_at(
            f"postgresql+psycopg:///news?host=a.invalid,b.invalid&hostaddr={HOST},{HOST}&port={port},{away}"
        )
    assert f"{HOST}:{port} ends on" in ended.message
    assert (unseen.level, bool(unseen.fix)) == ("warning", True)
    assert f"{HOST}:{away} could not be looked at" in unseen.message


def test_a_socket_of_this_machine_shows_no_certificate() -> None:
    assert looked_at("postgresql+psycopg:///news?host=/var/run/postgresql") == []


def failing(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *command: str) -> dict[str, object]:
    """What a command that fails tells machines."""
    monkeypatch.setattr(sys, "argv", ["newsdesk", *command, "--json"])
    for name in ("stdout", "stderr"):  # put back in the end: the command line puts others in their place
        monkeypatch.setattr(sys, name, getattr(sys, name))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code
    told: dict[str, object] = json.loads(capfd.readouterr().out)
    return told


@pytest.mark.parametrize(("days", "trusted"), [(90, False), (-1, True), (90, None)])
def test_a_certificate_of_the_store_that_is_refused_does_not_pass_by_itself(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    days: int,
    trusted: bool | None,
) -> None:
    shown = certificate(tmp_path, datetime.now(UTC) + timedelta(days=days))
    (tmp_path / "other").mkdir()
    other = certificate(tmp_path / "other", datetime.now(UTC) + timedelta(days=days))
    authority = {True: shown, False: other, None: tmp_path / "missing" / "ca"}[trusted]
    monkeypatch.setenv("NEWSDESK_HOME", str(tmp_path))
    with server(shown) as port:
        address = f"postgresql://u:Zx9q7Lmv@{HOST}:{port}/news?sslmode=verify-full&sslrootcert={authority}"
        monkeypatch.setenv("NEWSDESK_DATABASE_URL", address)
        told = failing(monkeypatch, capfd, "store", "status")
    assert (told["error"], told["may_pass"]) == ("store", False), told
    assert f"sslrootcert={authority}" in str(told["message"]).replace("%2F", "/")
    assert "Zx9q7Lmv" not in str(told)


def test_a_certificate_of_mlflow_that_is_refused_does_not_pass_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEWSDESK_HOME", str(tmp_path))
    with server(certificate(tmp_path, datetime.now(UTC) + timedelta(days=90)), of_postgresql=False) as port:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"https://{HOST}:{port}")
        assert failing(monkeypatch, capfd, "models", "list")["may_pass"] is False


def test_a_server_that_is_away_may_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEWSDESK_HOME", str(tmp_path))
    monkeypatch.setenv("NEWSDESK_DATABASE_URL", f"postgresql://u@{HOST}:{nobody()}/news?sslmode=verify-full")
    assert failing(monkeypatch, capfd, "store", "status")["may_pass"] is True
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"https://{HOST}:{nobody()}")
    assert failing(monkeypatch, capfd, "models", "list")["may_pass"] is True
