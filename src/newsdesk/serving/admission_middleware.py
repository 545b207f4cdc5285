"""What stands before every endpoint: who asks, how often, how much, and for how long."""

import asyncio
from http import HTTPStatus
from typing import cast

from starlette._utils import get_route_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsdesk.serving.body_limits import BodySizes
from newsdesk.serving.content_encoding import DecompressedBody, body_too_large, coding_of, unsupported_coding
from newsdesk.serving.errors import ApiError, response_to_error
from newsdesk.serving.json_route import JSON_LINES, content_type_of
from newsdesk.serving.security.authentication import Authenticator
from newsdesk.serving.security.rate_limiter import RateLimiter
from newsdesk.serving.worker_threads import WorkerThreads

_PROBES = {"/health", "/ready", "/v2/health/live", "/v2/health/ready"}  # a limit would make a busy server look dead


class AdmissionMiddleware:
    """ASGI middleware: lets a request through to the endpoints, or answers why not."""

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        limiter: RateLimiter,
        timeout: float,
        sizes: BodySizes,
        long_work: WorkerThreads,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._limiter = limiter
        self._timeout = timeout
        self._sizes, self._long_work = sizes, long_work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["path"].endswith("/") and scope["path"] != "/":
            scope["path"] = scope["path"][:-1]  # answered, not redirected: few clients send a body a second time
        scope["long_work"] = self._long_work
        try:
            await self._admit(scope)
            length, coding = _length_and_coding(scope)
            if scope["path"] == "/predict/batch" and content_type_of(scope) in JSON_LINES:
                if coding:  # of any length: a small body could become work for days
                    raise unsupported_coding(
                        "JSON Lines are taken uncompressed: leave out Content-Encoding", "identity"
                    )
                await self._app(scope, receive, send)
            else:
                max_size = self._sizes.most(get_route_path(scope))
                if length.isdigit() and (len(length) > 12 or int(length) > max_size):
                    raise body_too_large(max_size)
                await self._run_within_limits(scope, receive, send, coding, max_size)
        except ApiError as error:
            await response_to_error(scope, error)(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        caller = self._authenticator.admit(scope)
        scope["caller"], scope["caller_name"] = caller, caller.name
        if scope["path"] not in _PROBES:
            await self._limiter.check(caller)

    async def _run_within_limits(
        self, scope: Scope, receive: Receive, send: Send, coding: bytes, max_size: int
    ) -> None:
        received = 0
        is_complete = is_missing = has_started = is_too_slow = False

        async def limited_receive() -> Message:
            nonlocal received, is_complete, is_missing
            is_missing = not is_complete  # from the moment that somebody asks for it
            message = await receive()
            received += len(message.get("body", b""))
            is_complete = not message.get("more_body", False)
            is_missing = not is_complete
            if received > max_size:
                raise body_too_large(max_size)
            return message

        async def watched_send(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        # What asyncio.timeout does, for a third of its time. A cancellation does not tell whose it is: where a time-out
        # inside ends at the same moment, its message is lost.
        task = cast("asyncio.Task[None]", asyncio.current_task())

        def on_timeout() -> None:
            nonlocal is_too_slow
            is_too_slow = True
            task.cancel()

        timer = asyncio.get_running_loop().call_later(self._timeout, on_timeout)
        scope["deadline"] = timer.when()
        try:
            receive_body = DecompressedBody(limited_receive, coding, max_size) if coding else limited_receive
            await self._app(scope, receive_body, watched_send)
        except asyncio.CancelledError:
            if not is_too_slow or task.uncancel():
                raise
            if has_started:
                raise TimeoutError from None
            raise self._timeout_error(is_missing) from None
        finally:
            timer.cancel()

    def _timeout_error(self, is_missing: bool) -> ApiError:
        status = HTTPStatus.REQUEST_TIMEOUT if is_missing else HTTPStatus.SERVICE_UNAVAILABLE
        message = f"{'The body' if is_missing else 'The answer'} took longer than {self._timeout:g} s"
        # Without the rest of its body, no next request can be told from it.
        return ApiError(status, status.phrase, message, "timeout", {"Connection": "close"} if is_missing else None)


def _length_and_coding(scope: Scope) -> tuple[bytes, bytes]:
    """Length and coding of the body by its headers; empty where they say nothing. Raises `ApiError`."""
    length = coding = b""
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = value
        elif name == b"content-encoding":
            coding = b"%s, %s" % (coding, value) if coding else value
    return length, coding and coding_of(coding)
