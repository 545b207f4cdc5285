"""Check that a production database is reached by TLS, and how long its certificate is valid."""

import socket
import ssl
import struct
from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from newsdesk.operations.doctor.certificate import CertificateSubject, check_validity
from newsdesk.operations.doctor.finding import Finding, fine, warning
from newsdesk.store.tls import VERIFY

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

_VERIFIED = "verify-full"
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # https://www.postgresql.org/docs/current/protocol-message-formats.html
_DEFAULT_PORT = 5432
_SUBJECT = CertificateSubject(
    "database", "The database's certificate", "Renew it: scripts/setup_env.sh --renew-database-certificate."
)


def check_encryption(name: str, connection: Connection) -> Iterator[Finding]:
    """What the connection itself tells, whatever its address says. Nothing where it does not leave this machine."""
    pgconn: PGconn | None = getattr(connection.connection.driver_connection, "pgconn", None)
    if pgconn is None or _is_local(pgconn):  # another driver, which does not tell
        return
    mode = next((option.val for option in pgconn.info if option.keyword == b"sslmode"), None) or b""
    if not pgconn.ssl_in_use:
        yield warning(
            "database",
            f"{name} is reached in clear: who is on the way reads passwords and rows, and may change them.",
            f"Turn TLS on in PostgreSQL, and put {VERIFY}.",
        )
    elif mode.decode() != _VERIFIED:
        yield warning(
            "database",
            f"{name} is reached by TLS, but nobody makes sure that it is the right server (sslmode={mode.decode()}).",
            f"Put {VERIFY}.",
        )
    else:
        yield fine("database", f"{name} is reached by TLS, and shows the certificate that it should.")


def check_server_certificate(url: URL, now: datetime, patience: float) -> Iterator[Finding]:
    """When the certificates end that the servers of an address show, or that they could not be looked at.

    Nothing where one shows none; none is trusted for what it shows.
    """
    from cryptography import x509

    servers = _list_servers(url)
    for host, port in servers:
        subject = _SUBJECT if len(servers) == 1 else _SUBJECT._replace(name=f"The certificate of {host}:{port}")
        try:
            certificate = _fetch_certificate(host, port, patience)
        except OSError as error:
            yield warning(
                "database",
                f"{subject.name} could not be looked at: {host}:{port} says {error.strerror or error}.",
                "See that this machine reaches it. Until then nobody tells before it ends.",
            )
            continue
        if certificate:
            yield from check_validity(x509.load_der_x509_certificate(certificate), now, subject)


def _list_servers(url: URL) -> list[tuple[str, int]]:
    """Where libpq would ask, by the address and the variables PG…; no sockets, which are of this machine."""
    from psycopg.pq import Conninfo

    parameters = {option.keyword.decode(): (option.val or b"").decode() for option in Conninfo.get_defaults()}
    parameters |= {name: str(value) for name, value in url.get_dialect()().create_connect_args(url)[1].items()}
    hosts, addresses, ports = (parameters.get(name, "").split(",") for name in ("host", "hostaddr", "port"))
    count = max(len(hosts), len(addresses))
    return [
        (address or host, int(port or _DEFAULT_PORT))
        for host, address, port in zip(
            _repeat(hosts, count), _repeat(addresses, count), _repeat(ports, count), strict=True
        )
        if address or (not host.startswith(("/", "@")) and host)
    ]


def _repeat(values: list[str], count: int) -> list[str]:
    """One for each server: a single one is that of all."""
    return values * count if len(values) == 1 else (values + [""] * count)[:count]


def _is_local(pgconn: "PGconn") -> bool:
    if not pgconn.hostaddr:
        return pgconn.host.startswith((b"/", b"@"))  # a socket
    return ip_address(pgconn.hostaddr.decode()).is_loopback


def _fetch_certificate(host: str, port: int, patience: float) -> bytes | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is told to this server
    with socket.create_connection((host, port), timeout=patience) as plain:
        plain.sendall(_SSL_REQUEST)
        if plain.recv(1) != b"S":
            return None
        with context.wrap_socket(plain) as encrypted:
            return encrypted.getpeercert(binary_form=True)
