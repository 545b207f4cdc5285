"""Small makers of what these tests need: keys in a file, requests, an application behind `Authenticator`."""

import asyncio
import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from newsdesk.config.settings import Settings
from newsdesk.serving.security.authentication import Authenticator
from newsdesk.serving.security.caller import Scope
from newsdesk.serving.security.key_file import add_key
from newsdesk.serving.security.key_ring import KeyRing
from newsdesk.serving.security.keys import new_key
from newsdesk.serving.security.tokens import TokenIssuer

SECRET = "a secret for tests, long enough for HS256"


@dataclass
class Clock:
    """A clock that stands still until it is told the time."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Desk:
    """A file of keys, and what checks them."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    @property
    def file(self) -> Path:
        return self.folder / "api_keys.json"

    def key(self, name: str, *scopes: Scope, limit: str | None = None, days: int | None = None) -> str:
        """Make a key; its text."""
        key, text = new_key(name, frozenset(scopes), limit, days)
        add_key(self.file, key)
        return text

    def access(self, tokens: TokenIssuer | None = None, **environment: str) -> Authenticator:
        settings = Settings.model_validate({"API_AUTH": "true"} | environment)
        return Authenticator(settings, KeyRing(self.file, self.clock), tokens or TokenIssuer(SECRET, 3600))


def bearer(credential: str) -> dict[str, str]:
    return {"authorization": f"Bearer {credential}"}


def request(
    method: str, path: str, headers: Mapping[str, str] | None = None, client: str = "192.0.2.1"
) -> dict[str, Any]:
    """The ASGI scope of a request, with the path as a server hands it over: decoded, and as it was sent."""
    return {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()],
        "client": (client, 50000),
    }


def ask(app: ASGIApp, scope: MutableMapping[str, Any]) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON body of the answer."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], headers, json.loads(body) if "json" in headers.get("content-type", "") else None
