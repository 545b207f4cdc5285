"""Every failure, from whichever layer, leaves in one shape. What was sent is never echoed."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from newsdesk.serving.schemas import ErrorResponse

logger = logging.getLogger(__name__)


class ApiError(Exception):
    """A failure with its HTTP status and a stable code."""

    def __init__(self, status: HTTPStatus, error: str, message: str, code: str) -> None:
        super().__init__(message)
        self.status, self.error, self.message, self.code = status, error, message, code


def install(app: FastAPI) -> None:
    """Answer every failure of `app` in our shape."""

    @app.exception_handler(ApiError)
    async def on_api_error(_: Request, failure: ApiError) -> JSONResponse:
        return _answer(failure.status, failure.error, failure.message, failure.code)

    @app.exception_handler(RequestValidationError)
    async def on_invalid_input(_: Request, failure: RequestValidationError) -> JSONResponse:
        return _answer(HTTPStatus.BAD_REQUEST, "Invalid input", _what_is_wrong(failure), "invalid_input")

    @app.exception_handler(HTTPException)
    async def on_http_error(_: Request, failure: HTTPException) -> JSONResponse:
        status = HTTPStatus(failure.status_code)
        if status is HTTPStatus.BAD_REQUEST:  # a body that is no JSON text at all
            return _answer(status, "Invalid input", "The body is not valid JSON in UTF-8", "invalid_input")
        return _answer(
            status,
            status.phrase,
            status.description or status.phrase,
            status.phrase.lower().replace(" ", "_"),
            failure.headers,
        )

    @app.exception_handler(Exception)
    async def on_defect(_: Request, failure: Exception) -> JSONResponse:
        # The traceback may hold article text, so only its place is logged.
        where = failure.__traceback__
        while where and where.tb_next:
            where = where.tb_next
        place = f"{where.tb_frame.f_code.co_filename}:{where.tb_lineno}" if where else "unknown"
        logger.error("%s at %s", type(failure).__name__, place)
        return _answer(
            HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error", "The request could not be answered", "internal_error"
        )


def _what_is_wrong(failure: RequestValidationError) -> str:
    mistake = failure.errors()[0]
    field = ".".join(str(part) for part in mistake["loc"][1:])
    match mistake["type"]:
        case "json_invalid":
            return "The body is not valid JSON"
        case "missing" if field:
            return f"{field.capitalize()} field is required"
        case "missing":
            return "A JSON body is required"
        case "extra_forbidden":
            return "The body has a field that is not known; see /docs for those that are"
        case "string_pattern_mismatch" | "string_unicode":
            return f"{field} holds a NUL or a broken Unicode character"
        case _:
            return f"{field or 'The body'}: {mistake['msg']}"


def _answer(
    status: HTTPStatus, error: str, message: str, code: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = ErrorResponse(error=error, message=message, code=code, request_id=str(uuid4()), timestamp=datetime.now(UTC))
    return JSONResponse(body.model_dump(mode="json"), status_code=status, headers=headers)
