"""A client of MLflow's REST API with the standard library alone: bounded in time and size, without redirects."""

import base64
import json
import time
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Literal, TypeVar
from urllib.error import HTTPError
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit
from urllib.request import Request

from pydantic import BaseModel, ValidationError

from newsdesk.config.settings import Settings
from newsdesk.errors import RegistryError
from newsdesk.http_client import NoRedirects, make_opener
from newsdesk.redaction import redact, redact_address, secrets_in

PATIENCE = 5.0  # seconds for the server to take the call, and between two parts of its answer
_LONGEST_DOWNLOAD = 900.0  # seconds
_LARGEST_ANSWER = 32 * 1024 * 1024
_CHUNK = 1024 * 1024
_REMEDY = "Correct MLFLOW_TRACKING_URI."

Answer = TypeVar("Answer", bound=BaseModel)


class NotFoundError(RegistryError):
    """MLflow has nothing of that name."""


class _ErrorAnswer(BaseModel):
    """An error response of MLflow."""

    error_code: str = ""
    message: str = ""


class MlflowApi:
    """One MLflow server. Every method raises `RegistryError`, which names its address without the password."""

    def __init__(self, settings: Settings, patience: float = PATIENCE) -> None:
        self._patience = patience
        try:
            parts = urlsplit(settings.tracking_uri)
        except ValueError as error:  # its words may repeat the password
            raise RegistryError("MLFLOW_TRACKING_URI is not an address. Give http://HOST:PORT.") from error
        host = parts.netloc.rpartition("@")[2]
        self._address = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._display_address, self._secrets = redact_address(settings.tracking_uri), secrets_in(settings.tracking_uri)
        self._headers: dict[str, str] = {}
        user = settings.mlflow_tracking_username or unquote(parts.username or "")
        secret = settings.mlflow_tracking_password
        password = secret.get_secret_value() if secret else unquote(parts.password or "")
        if user:
            credentials = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
            self._headers["Authorization"] = f"Basic {credentials}"
        self._opener = make_opener(NoRedirects())

    def get(self, endpoint: str, query: Mapping[str, str], answer: type[Answer]) -> Answer:
        """The answer of `/api/2.0/mlflow/{endpoint}`. Raises `NotFoundError` where MLflow has no such thing."""
        body = self._call("GET", f"/api/2.0/mlflow/{endpoint}", query, None, self._patience, _LARGEST_ANSWER)
        try:
            return answer.model_validate_json(body)
        except ValidationError as error:
            raise RegistryError(f"{self._display_address} does not answer as MLflow does. {_REMEDY}") from error

    def change(self, method: Literal["POST", "DELETE"], endpoint: str, body: Mapping[str, str]) -> None:
        """Send a change to `/api/2.0/mlflow/{endpoint}`."""
        self._call(method, f"/api/2.0/mlflow/{endpoint}", {}, body, self._patience, _LARGEST_ANSWER)

    def file(self, path: str, query: Mapping[str, str], limit: int) -> bytes:
        """A file that the server hands out, of at most `limit` bytes."""
        return self._call("GET", path, query, None, _LONGEST_DOWNLOAD, limit)

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, str] | None,
        seconds: float,
        limit: int,
    ) -> bytes:
        address = f"{self._address}{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({"Content-Type": "application/json"} if data else {})
        deadline = time.monotonic() + seconds
        try:
            request = Request(address, data, headers, method=method)  # noqa: S310 - whoever opened us saw http or https
            with self._opener.open(request, timeout=self._patience) as response:
                return self._read_body(response, deadline, limit)
        except HTTPError as error:
            with error:
                raise self._to_error(error, deadline) from error
        except (OSError, HTTPException, ValueError) as error:
            raise RegistryError(
                f"MLflow at {self._display_address} does not answer. Start it, or correct MLFLOW_TRACKING_URI."
            ) from error

    def _read_body(self, response: HTTPResponse, deadline: float, limit: int) -> bytes:
        content = bytearray()
        while part := response.read1(min(_CHUNK, limit + 1 - len(content))):
            content += part
            if len(content) > limit:
                raise RegistryError(f"{self._display_address} sends more than the {limit} bytes allowed. {_REMEDY}")
            if time.monotonic() > deadline:
                raise TimeoutError
        if response.length:  # what Content-Length promised and did not come
            raise TimeoutError
        return bytes(content)

    def _to_error(self, error: HTTPError, deadline: float) -> RegistryError:
        if 300 <= error.code < 400:
            return RegistryError(f"{self._display_address} redirects elsewhere, which is not followed. {_REMEDY}")
        if error.code in (401, 403):
            return RegistryError(
                f"MLflow at {self._display_address} refuses us ({error.code}). Set MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD; if they are right, let its --allowed-hosts name this address."
            )
        try:
            body = self._read_body(error.fp, deadline, _LARGEST_ANSWER) if isinstance(error.fp, HTTPResponse) else b""
            complaint = _ErrorAnswer.model_validate_json(body)
        except (OSError, HTTPException, ValueError, RegistryError):
            complaint = _ErrorAnswer()  # what stands before MLflow answered, or it broke: the status says all
        message = redact(complaint.message, self._secrets)
        reason = "".join(character for character in message[:300] if character.isprintable()).rstrip(".")
        sentence = f"MLflow at {self._display_address} cannot do this: {reason or f'it answered {error.code}'}."
        error_type = NotFoundError if complaint.error_code == "RESOURCE_DOES_NOT_EXIST" else RegistryError
        return error_type(sentence)
