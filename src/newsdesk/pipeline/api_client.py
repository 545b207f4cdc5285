"""An HTTP client of our own API, for commands."""

import json
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, InvalidURL
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request

from pydantic import SecretStr

from newsdesk.errors import NewsdeskError
from newsdesk.http_client import make_opener
from newsdesk.redaction import redact_address

_TIMEOUT = 10  # seconds for one answer
_NEW_KEY = "newsdesk keys create NAME --scope predict"


class SmokeTestFailed(NewsdeskError):  # noqa: N818 - it says what the server does not
    """The server does not serve the champion as it should, and waiting will not help."""

    code = "smoke_test"


class ApiUnavailable(NewsdeskError):  # noqa: N818 - it may be available in a moment
    """The server cannot be used now: it is starting, busy or without a model. The message completes "the server …"."""

    may_pass = True


class ApiUnreachable(ApiUnavailable):
    """The server does not answer at all."""


@dataclass(frozen=True)
class ApiPrediction:
    """What the champion answers to a text; `digest` is of the bundle that answered."""

    prediction: str
    probabilities: dict[str, float]
    digest: str


class ApiClient:
    """One address of the API; several processes may be behind it. Every request uses its own connection.

    Methods raise `ApiUnavailable` where a later request may be answered, `SmokeTestFailed` where none will be.
    """

    def __init__(self, url: str, key: SecretStr | None) -> None:
        self.address = redact_address(url)
        self._url, self._has_key = url, key is not None
        self._headers = {"Content-Type": "application/json"}
        if key is not None:
            self._headers["X-API-Key"] = key.get_secret_value()

    def digest(self) -> str:
        """The digest of the champion's bundle in the process that answers."""
        return str(self._field(self._request("/model/info", None), "/model/info", "digest"))

    def predict(self, text: str) -> ApiPrediction:
        """The champion's prediction, even while an experiment runs."""
        answer = self._request("/predict", {"text": text, "model": "champion"})
        return ApiPrediction(*(self._field(answer, "/predict", name) for name in ApiPrediction.__dataclass_fields__))

    def _request(self, path: str, body: dict[str, str] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        try:
            request = Request(self._url + path, data, self._headers)  # noqa: S310 - it is http or https
            with make_opener().open(request, timeout=_TIMEOUT) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise self._refusal(path, error.code) from error
        except (ValueError, InvalidURL) as error:  # the address itself, or an answer that is no JSON
            raise self._unexpected_response(path) from error
        except (OSError, HTTPException) as error:
            if isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError):
                raise SmokeTestFailed(
                    f"The certificate of {self.address} is not trusted here. Correct the address, or have this machine "
                    "trust who signed it: SSL_CERT_FILE."
                ) from error
            raise ApiUnreachable("does not answer") from error

    def _refusal(self, path: str, status: int) -> NewsdeskError:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            return ApiUnavailable(f"answers {status} to {path}")
        message = f"The server at {self.address} answered {status} to {path}"
        if status == HTTPStatus.UNAUTHORIZED and not self._has_key:
            return SmokeTestFailed(f"{message}: it wants an API key. Set NEWSDESK_API_KEY; {_NEW_KEY} makes one.")
        if status == HTTPStatus.UNAUTHORIZED:
            return SmokeTestFailed(
                f"{message}: it does not know the key. Correct NEWSDESK_API_KEY; {_NEW_KEY} makes one."
            )
        if status == HTTPStatus.FORBIDDEN:
            return SmokeTestFailed(
                f"{message}: the caller may not ask this. Set NEWSDESK_API_KEY to a key of the scope predict; "
                f"{_NEW_KEY} makes one."
            )
        return SmokeTestFailed(f"{message}. Correct the address: is it that of the API?")

    def _field(self, answer: Any, path: str, name: str) -> Any:
        try:
            return answer[name]
        except (TypeError, KeyError) as error:
            raise self._unexpected_response(path) from error

    def _unexpected_response(self, path: str) -> SmokeTestFailed:
        return SmokeTestFailed(f"{self.address}{path} does not answer as Newsdesk does. Correct the address.")
