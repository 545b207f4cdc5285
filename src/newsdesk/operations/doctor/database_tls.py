"""Whether a database of production is reached by TLS, and for how long its certificate is good."""

import socket
import ssl
import struct
from collections.abc import Iterator
from datetime import datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from newsdesk.operations.doctor.certificate import Certified, check_validity
from newsdesk.operations.doctor.finding import Finding, fine, warning
from newsdesk.store.tls import VERIFY

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

_VERIFIED = "verify-full"
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)  # https://www.postgresql.org/docs/current/protocol-message-formats.html
_DEFAULT_PORT = 5432
_RENEWED = Certified(
    "database", "The database's certificate", "Renew it: scripts/setup_env.sh --renew-database-certificate."
)


def check_encryption(name: str, connection: Connection) -> Iterator[Finding]:
    """What the connection itself tells, whatever its address says. Nothing where it does not leave this machine."""
    pgconn: PGconn | None = getattr(connection.connection.driver_connection, "pgconn", None)
    if pgconn is None or _is_of_this_machine(pgconn):  # another driver, which does not tell
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
    """When the certificate ends that the server shows. Nothing where it shows none; it is not trusted for it."""
    from cryptography import x509

    try:
        shown = _shown_certificate(url.host or "", url.port or _DEFAULT_PORT, patience)
    except OSError:  # told by who connects
        return
    if shown:
        yield from check_validity(x509.load_der_x509_certificate(shown), now, _RENEWED)


def _is_of_this_machine(pgconn: "PGconn") -> bool:
    if not pgconn.hostaddr:
        return pgconn.host.startswith((b"/", b"@"))  # a socket
    return ip_address(pgconn.hostaddr.decode()).is_loopback


def _shown_certificate(host: str, port: int, patience: float) -> bytes | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is told to this server
    with socket.create_connection((host, port), timeout=patience) as plain:
        plain.sendall(_SSL_REQUEST)
        if plain.recv(1) != b"S":
            return None
        with context.wrap_socket(plain) as encrypted:
            return encrypted.getpeercert(binary_form=True)
