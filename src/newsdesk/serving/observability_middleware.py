"""The outermost layer: every request gets an id, is counted, timed, logged, and answered even if our code fails."""

import asyncio
import logging
import re
import secrets
import time
from http import HTTPStatus

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsdesk.monitoring.api_metrics import ApiMetrics, labelled
from newsdesk.serving.access_log import AccessLog
from newsdesk.serving.client_labels import ClientLabels
from newsdesk.serving.errors import error_response
from newsdesk.serving.logs import source_location

# https://owasp.org/www-project-secure-headers/ for an API; pages may load what this server itself sends.
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
_API_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_PAGE_POLICY = (
    b"content-security-policy",
    b"default-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src blob:; frame-ancestors 'none'",
)
METHODS = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"}  # any other is one label value for all
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TRACE_PARENT = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")

error_log = logging.getLogger("newsdesk.error")


class ObservabilityMiddleware:
    """ASGI middleware. A defect is answered with 500 and logged by its type and place alone: what an exception says,
    and what a traceback shows, may be article text.

    `traceparent` (W3C Trace Context) is taken over: the log names its trace, the answer goes out as a span of it.
    """

    def __init__(self, app: ASGIApp, metrics: ApiMetrics, client_labels: ClientLabels, log: AccessLog) -> None:
        self._app = app
        self._client_labels = client_labels
        self._log = log
        self._buffer, self._in_progress = metrics.batch, metrics.in_progress
        self._requests, self._duration = labelled(metrics.requests), labelled(metrics.duration)
        self._request_size, self._response_size = labelled(metrics.request_size), labelled(metrics.response_size)
        self._countries, self._callers = labelled(metrics.countries), labelled(metrics.callers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        traceparent = _assign_ids(scope)
        status = received = sent = 0

        async def observed_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def observed_send(message: Message) -> None:
            nonlocal status, sent
            sent += len(message.get("body", b""))
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                is_page = any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers)
                message["headers"] = [
                    *headers,
                    *_HEADERS,
                    _PAGE_POLICY if is_page else _API_POLICY,
                    (b"x-request-id", scope["request_id"].encode()),
                    *([(b"traceparent", traceparent)] if traceparent else []),
                ]
            await send(message)

        self._in_progress.inc()
        try:
            await self._app(scope, observed_receive, observed_send)
        except ClientDisconnect:
            status = status or 499  # nginx's number for a client that did not wait
        except asyncio.CancelledError:  # the server has no more time for it
            if status:
                raise
            message = "The server ends. Send it again"
            unavailable = HTTPStatus.SERVICE_UNAVAILABLE
            response = error_response(
                scope, unavailable, unavailable.phrase, message, "timeout", {"Connection": "close"}
            )
            await response(scope, receive, observed_send)
        except Exception as defect:  # noqa: BLE001 - whatever it is, the caller gets an answer and the log its place
            error_log.error("%s at %s", type(defect).__name__, source_location(defect), extra=_ids(scope))
            if not status:
                message = "The request failed in the server"
                response = error_response(
                    scope, HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error", message, "internal_error"
                )
                await response(scope, receive, observed_send)
        finally:
            self._in_progress.dec()
            self._record_request(scope, status, time.perf_counter() - started, received, sent)

    def _record_request(self, scope: Scope, status: int, seconds: float, received: int, sent: int) -> None:
        method = scope["method"] if scope["method"] in METHODS else "OTHER"
        route = scope.get("route")
        endpoint = route.path if route is not None else "unmatched"
        buffer = self._buffer
        buffer.inc(self._requests(method, endpoint, status))
        buffer.observe(self._duration(method, endpoint), seconds)
        buffer.observe(self._request_size(endpoint), received)
        buffer.observe(self._response_size(endpoint), sent)
        buffer.inc(self._countries(self._client_labels.country(scope)))
        buffer.inc(self._callers(self._client_labels.caller(scope.get("caller"))))
        self._log.add(
            f"{method} {endpoint} {status}",
            **_ids(scope),
            duration_ms=round(seconds * 1000, 3),
            caller=scope.get("caller_name"),
        )


def _assign_ids(scope: Scope) -> bytes | None:
    """Give the request its id, and return the `traceparent` of its answer where it came with one."""
    request_id, traceparent = None, None
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            request_id = value.decode()
        elif name == b"traceparent" and (parent := _TRACE_PARENT.fullmatch(value)):
            scope["trace_id"] = parent[1].decode()
            traceparent = b"00-%s-%s-%s" % (parent[1], secrets.token_hex(8).encode(), parent[2])
    scope["request_id"] = request_id or secrets.token_hex(16)
    return traceparent


def _ids(scope: Scope) -> dict[str, str]:
    ids: dict[str, str] = {"request_id": scope["request_id"]}
    return ids | {"trace_id": scope["trace_id"]} if "trace_id" in scope else ids
