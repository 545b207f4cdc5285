"""Ask Airflow's REST API, bounded in time and size, and never led elsewhere.

The API is that of Airflow 3.3 (https://airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html).
"""

import json
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from typing import TypeVar
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request

from pydantic import BaseModel, SecretStr, ValidationError

from newsdesk.errors import ConfigError, NewsdeskError
from newsdesk.http_client import NoRedirects, make_opener
from newsdesk.redaction import redact_address

_LARGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 64 * 1024

Answer = TypeVar("Answer", bound=BaseModel)


class AirflowError(NewsdeskError):
    """Airflow does not answer, or not as it should."""

    code = "airflow"


class _UnauthorizedError(AirflowError):
    """The token is not valid, or not any more."""


class _Login(BaseModel):
    access_token: str


class AirflowApi:
    """One Airflow. Its token is asked for when it is first needed, and anew when it has expired."""

    def __init__(self, address: str, username: str, password: SecretStr) -> None:
        """Raises `ConfigError` for what is no address."""
        if not _is_address(address):
            raise ConfigError("AIRFLOW_API_URL is not an address. Give http://HOST:PORT, without name and password.")
        self._address = address.rstrip("/")
        self._display_address = redact_address(self._address)
        self._username, self._password = username, password
        self._token: str | None = None
        self._opener = make_opener(NoRedirects())

    def get(
        self, path: str, query: Mapping[str, str | int | list[str]], answer: type[Answer], deadline: float
    ) -> Answer:
        """The answer of `/api/v2/{path}`; `deadline` is of `time.monotonic`. Raises `AirflowError` without secrets."""
        url_path = f"/api/v2/{path}?{urlencode(query, doseq=True)}"
        if self._token is None:
            self._token = self._new_token(deadline)
        try:
            return self._call(url_path, None, answer, deadline)
        except _UnauthorizedError:
            self._token = None
            self._token = self._new_token(deadline)
            return self._call(url_path, None, answer, deadline)

    def _new_token(self, deadline: float) -> str:
        login = {"username": self._username, "password": self._password.get_secret_value()}
        return self._call("/auth/token", login, _Login, deadline).access_token

    def _call(self, url_path: str, body: Mapping[str, str] | None, answer: type[Answer], deadline: float) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {"Authorization": f"Bearer {self._token}"}
        try:
            request = Request(self._address + url_path, data, headers)  # noqa: S310 - it is http or https
            with self._opener.open(request, timeout=_remaining(deadline)) as response:
                return answer.model_validate_json(_read_body(response, deadline))
        except HTTPError as error:
            with error:
                raise self._error_for(error.code) from None
        except ValidationError:
            raise AirflowError(
                f"{self._display_address} does not answer as Airflow 3 does. Correct AIRFLOW_API_URL."
            ) from None
        except (OSError, HTTPException, ValueError):
            raise AirflowError(
                f"Airflow at {self._display_address} does not answer. Start it, or correct AIRFLOW_API_URL."
            ) from None

    def _error_for(self, status: int) -> AirflowError:
        if status == HTTPStatus.UNAUTHORIZED:
            return _UnauthorizedError(
                f"Airflow at {self._display_address} refuses us (401). "
                "Correct AIRFLOW_API_USERNAME and AIRFLOW_API_PASSWORD."
            )
        if status == HTTPStatus.FORBIDDEN:
            return AirflowError(
                f"Airflow at {self._display_address} lets us read nothing (403). Give the user role Viewer."
            )
        return AirflowError(f"Airflow at {self._display_address} answers {status}. Look into its log.")


def _is_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _remaining(deadline: float) -> float:
    """Seconds until then. Raises `TimeoutError` where there is none left."""
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining


def _read_body(response: HTTPResponse, deadline: float) -> bytes:
    content = bytearray()
    while part := response.read1(_CHUNK):
        content += part
        _remaining(deadline)
        if len(content) > _LARGEST_ANSWER:
            raise ValueError("the answer is too large")
    return bytes(content)
