"""Every failure leaves in one shape. What was sent is never echoed."""

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette._utils import get_route_path
from starlette.exceptions import HTTPException
from starlette.types import Scope

from newsdesk.errors import NewsdeskError
from newsdesk.serving.error_codes import ErrorCode
from newsdesk.serving.schemas import ErrorResponse
from newsdesk.store.records import StoreError

Responses = dict[int | str, dict[str, Any]]  # what FastAPI takes as `responses`

# For OpenAPI. Said as a class of its own, it also keeps FastAPI from promising its 422, which we never send.
DOCUMENTED_ERRORS: Responses = {
    "4XX": {"model": ErrorResponse, "description": "Refused: the body says why."},
    "5XX": {"model": ErrorResponse, "description": "Failed on our side: the body says how."},
}

_HTTP_CODES: dict[HTTPStatus, ErrorCode] = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
}

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")

logger = logging.getLogger("newsdesk.error")


class ApiError(Exception):
    """A failure with its HTTP status and a stable code."""

    def __init__(
        self, status: HTTPStatus, error: str, message: str, code: ErrorCode, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.error, self.message, self.code, self.headers = status, error, message, code, headers


def invalid_input(message: str, code: ErrorCode = "invalid_input") -> ApiError:
    """400, as for every mistake in what was sent."""
    return ApiError(HTTPStatus.BAD_REQUEST, "Invalid input", message, code)


def error_response(
    scope: Scope,
    status: HTTPStatus,
    error: str,
    message: str,
    code: ErrorCode,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer that tells of a failure. Clients of the Open Inference Protocol show people its `error` alone: for
    them, that is the message."""
    request_id = scope.get("request_id") or str(uuid4())
    if _is_open_inference(scope):
        error = message
    body = ErrorResponse(error=error, message=message, code=code, request_id=request_id, timestamp=datetime.now(UTC))
    return Response(body.model_dump_json(), status, headers, media_type="application/json")


def _is_open_inference(scope: Scope) -> bool:
    path = get_route_path(scope) if "path" in scope else ""
    return path == "/v2" or path.startswith("/v2/")


def response_to_error(scope: Scope, error: ApiError) -> Response:
    """The answer that tells of `error`."""
    return error_response(scope, error.status, error.error, error.message, error.code, error.headers)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every failure that `app` knows of in our shape."""

    @app.exception_handler(ApiError)
    async def on_api_error(request: Request, error: ApiError) -> Response:
        return response_to_error(request.scope, error)

    @app.exception_handler(RequestValidationError)
    async def on_invalid_path_or_query(request: Request, _: RequestValidationError) -> Response:
        return response_to_error(request.scope, invalid_input("The address is not as /docs describes it"))

    @app.exception_handler(NewsdeskError)
    async def on_refusal(request: Request, error: NewsdeskError) -> Response:
        status = HTTPStatus.SERVICE_UNAVAILABLE
        code: ErrorCode = "store_unavailable" if isinstance(error, StoreError) else "registry_unavailable"
        logger.warning("%s", error)  # it names addresses, which are nobody's business outside
        message = f"The {code.partition('_')[0]} does not answer now; try again later"
        return error_response(request.scope, status, status.phrase, message, code)

    @app.exception_handler(HTTPException)
    async def on_http_error(request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        message = status.description or status.phrase
        return error_response(
            request.scope, status, status.phrase, message, _HTTP_CODES.get(status, "refused"), error.headers
        )


def unknown_field(loc: Sequence[int | str], content: Any) -> str:
    """Which field of `content` is not known, for the answer alone, never for a log: by its name where that is an
    identifier, else, as it may hold anything, by its place.
    """
    *path, name = loc
    for part in path:
        content = content[part]
    if _IDENTIFIER.fullmatch(str(name)):
        return f"The field {name} is not known; see /docs for those that are"
    number = list(content).index(name) + 1
    return f"Field number {number} of {len(content)} is not known; see /docs for those that are"


def describe_mistake(mistake: Mapping[str, Any], fields: frozenset[str]) -> str:
    """One of pydantic's error details in our words, without the input."""
    field = ".".join(str(part) for part in mistake["loc"] if isinstance(part, int) or part in fields)
    match mistake["type"]:
        case "missing":
            return f"{field.capitalize()} field is required"
        case "model_attributes_type" | "dict_type" | "model_type":
            return "The body must be a JSON object"
        case "string_unicode":
            return f"{field or 'The body'} holds a broken Unicode character"
        case "string_pattern_mismatch" if field in ("model", "version"):
            return f"{field} must be the number of a version" + (", champion or challenger" if field == "model" else "")
        case "string_pattern_mismatch":
            return f"{field or 'The body'} holds a NUL character"
        case "value_error":
            return f"{mistake['ctx']['error']}"
        case _:
            return f"{field}: {mistake['msg']}" if field else str(mistake["msg"])
