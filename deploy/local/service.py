"""A server as the process manager keeps it, and how one sees that it works."""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

_PATIENCE = 5  # seconds for an answer


@dataclass(frozen=True)
class Service:
    """One process, with those that it starts.

    `health`: an address that answers 200 when it works, with a part after `#` that says so of this part; or tcp://…
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    health: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # holds passwords
    user: str | None = None  # None: whoever starts the stack
    stop_signal: str = "TERM"
    stop_group: bool = False  # whether what it started has to be told, too
    login: str = ""  # who may enter

    @property
    def kind(self) -> str:
        """What servers of the same kind have in common: however many there are, the others keep their place."""
        return self.name.partition("-")[0]

    @property
    def address(self) -> str:
        """Where it is, as a person says it."""
        where = urlsplit(self.health)
        return where.netloc if where.scheme == "tcp" else f"{where.scheme}://{where.netloc}"

    def is_healthy(self) -> bool:
        """Whether it answers as it should."""
        where = urlsplit(self.health)
        assert where.hostname
        assert where.port
        try:
            if where.scheme == "tcp":
                socket.create_connection((where.hostname, where.port), timeout=_PATIENCE).close()
                return True
            status, body = _get(where.hostname, where.port, where.path)
            return status == HTTPStatus.OK and (not where.fragment or _is_healthy(where.fragment, body))
        except (OSError, ValueError, http.client.HTTPException):
            return False


def _get(host: str, port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _is_healthy(part: str, body: bytes) -> bool:
    return bool(json.loads(body).get(part, {}).get("status") == "healthy")
