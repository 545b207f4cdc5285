"""Ask a running server whether it serves the champion, and answers as the champion was measured."""

import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request

from newsdesk.config.settings import Settings
from newsdesk.errors import NewsdeskError, UsageError
from newsdesk.http_client import opener
from newsdesk.pipeline.progress import Progress
from newsdesk.redaction import redact_address
from newsdesk.registry.champion import find_champion

_TOLERANCE = 1e-6  # the API rounds nothing, JSON may
_PAUSE = 0.5  # seconds between two looks


class SmokeTestFailed(NewsdeskError):  # noqa: N818 - it says what the server does not
    """The server does not serve the champion as it should."""

    code = "smoke_test"


@dataclass(frozen=True)
class Served:
    """What the server serves, and the seconds until it did."""

    version: str
    digest: str
    category: str
    seconds: float


def smoke_test(url: str, settings: Settings, patience: float, progress: Progress) -> Served:
    """Wait until the server at `url` serves the champion, and have it answer the champion's golden examples.

    Raises `SmokeTestFailed` where after `patience` seconds it does not, or answers otherwise.
    """
    shown = redact_address(url)
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"'{shown}' is no address of a server. Give --url http://HOST:PORT, or set NEWSDESK_API_URL.")
    progress.step(f"Asking {shown}")
    champion, server, begun = find_champion(settings), _Server(url.rstrip("/"), settings), time.monotonic()
    while (digest := server.digest()) != champion.bundle.digest:
        if time.monotonic() - begun > patience:
            served = f"serves {digest}" if digest else "does not answer"
            awaited = f"champion version {champion.version} ({champion.bundle.digest})"
            raise SmokeTestFailed(
                f"The server at {shown} {served}, not {awaited}, after {patience:g} s. Look at its log and GET /ready."
            )
        time.sleep(_PAUSE)
    seconds = time.monotonic() - begun
    category = ""
    shortest = champion.bundle.manifest.text_cleaning.min_text_length
    for golden in champion.bundle.manifest.golden:
        if len(golden.text) < shortest:  # the API takes no text so short
            continue
        answer = server.predict(golden.text)
        right = dict(zip(champion.bundle.manifest.classes, golden.probabilities, strict=True))
        said = answer["probabilities"]
        if said.keys() != right.keys() or any(abs(said[name] - right[name]) > _TOLERANCE for name in right):
            raise SmokeTestFailed(
                f"The server at {shown} answers otherwise than version {champion.version} was measured."
            )
        category = answer["prediction"]
    return Served(champion.version, champion.bundle.digest, category, seconds)


class _Server:
    def __init__(self, url: str, settings: Settings) -> None:
        self._url, self._shown = url, redact_address(url)
        self._headers = {"Content-Type": "application/json"}
        if settings.api_key is not None:
            self._headers["X-API-Key"] = settings.api_key.get_secret_value()

    def digest(self) -> str | None:
        """Of what it serves; None where it does not answer."""
        try:
            return str(self._ask("/model/info", None)["digest"])
        except SmokeTestFailed:
            return None

    def predict(self, text: str) -> Any:
        return self._ask("/predict", {"text": text})

    def _ask(self, path: str, body: dict[str, str] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        try:
            request = Request(self._url + path, data, self._headers)  # noqa: S310 - it is http or https
            with opener().open(request, timeout=10) as answer:
                return json.load(answer)
        except HTTPError as error:
            fix = (
                "Set NEWSDESK_API_KEY"
                if error.code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
                else "Look there"
            )
            raise SmokeTestFailed(f"{self._shown}{path} answered {error.code}. {fix}.") from error
        except (URLError, OSError, ValueError) as error:
            raise SmokeTestFailed(f"{self._shown}{path} does not answer. Start it, or correct the address.") from error
