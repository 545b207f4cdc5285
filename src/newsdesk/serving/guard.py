"""What stands before every request: a limit to its size, and an answer where the code behind it fails."""

import logging
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsdesk.serving.errors import failure

MAX_BODY_BYTES = 8 * 1024 * 1024  # the longest text allowed, with every character escaped, fits in

_PAGES_LOAD_NOTHING_FROM_OTHERS = "default-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src blob:"

logger = logging.getLogger(__name__)


class Guard:
    """ASGI middleware. A defect is answered with 500 and logged by its type and place alone: what an exception says,
    and what a traceback shows, may be article text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
            await _too_large()(scope, receive, send)
            return
        has_begun = False
        received = 0

        async def limited_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > MAX_BODY_BYTES:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        async def watched_send(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers["content-security-policy"] = _PAGES_LOAD_NOTHING_FROM_OTHERS
            await send(message)

        try:
            await self._app(scope, limited_receive, watched_send)
        except Exception as defect:  # noqa: BLE001 - whatever it is, the caller gets an answer and the log its place
            logger.error("%s at %s", type(defect).__name__, _place(defect))
            if not has_begun:
                answer = failure(
                    HTTPStatus.INTERNAL_SERVER_ERROR,
                    "Internal error",
                    "The request failed in the server",
                    "internal_error",
                )
                await answer(scope, receive, send)


def _too_large() -> ASGIApp:
    message = f"The body is larger than {MAX_BODY_BYTES:,} bytes"
    return failure(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Invalid input", message, "body_too_large")


def _place(defect: Exception) -> str:
    """File and line where it was raised."""
    place = defect.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "an unknown place"
