"""Every failure leaves in one shape. What was sent is never echoed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from newsdesk.serving.schemas import ErrorResponse


class ApiError(Exception):
    """A failure with its HTTP status and a stable code."""

    def __init__(self, status: HTTPStatus, error: str, message: str, code: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message, self.code = status, error, message, code


def failure(
    status: HTTPStatus, error: str, message: str, code: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer that tells of a failure."""
    body = ErrorResponse(error=error, message=message, code=code, request_id=str(uuid4()), timestamp=datetime.now(UTC))
    return JSONResponse(body.model_dump(mode="json"), status_code=status, headers=headers)


def install(app: FastAPI) -> None:
    """Answer every failure that `app` knows of in our shape."""

    @app.exception_handler(ApiError)
    async def on_api_error(_: Request, error: ApiError) -> JSONResponse:
        return failure(error.status, error.error, error.message, error.code)

    @app.exception_handler(RequestValidationError)
    async def on_invalid_input(_: Request, error: RequestValidationError) -> JSONResponse:
        return failure(HTTPStatus.BAD_REQUEST, "Invalid input", _what_is_wrong(error), "invalid_input")

    @app.exception_handler(HTTPException)
    async def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        if status is HTTPStatus.BAD_REQUEST:  # a body that is no JSON text at all
            return failure(status, "Invalid input", "The body cannot be read as JSON in UTF-8", "invalid_input")
        code = status.phrase.lower().replace(" ", "_")
        return failure(status, status.phrase, status.description or status.phrase, code, error.headers)


def _what_is_wrong(error: RequestValidationError) -> str:
    mistake = error.errors()[0]
    field = ".".join(str(part) for part in mistake["loc"][1:])
    match mistake["type"]:
        case "json_invalid":
            return "The body is not valid JSON"
        case "missing" if field:
            return f"{field.capitalize()} field is required"
        case "missing":
            return "A JSON body is required"
        case "model_attributes_type" | "dict_type":
            return "The body must be a JSON object, sent with Content-Type: application/json"
        case "extra_forbidden":
            return "The body has a field that is not known; see /docs for those that are"
        case "string_pattern_mismatch" | "string_unicode":
            return f"{field or 'The body'} holds a NUL or a broken Unicode character"
        case _:
            return f"{field or 'The body'}: {mistake['msg']}"
