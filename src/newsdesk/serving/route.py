"""How a request becomes a call: strict JSON in, validated once, JSON out."""

import json
from collections.abc import Awaitable, Callable, Coroutine
from functools import cache
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from newsdesk.serving.errors import invalid_input, unknown_field, what_is_wrong

JSON_LINES = (b"application/x-ndjson", b"application/jsonl")  # media types of what is read line by line

_MARK = "\ufeff"
_UNKNOWN = "extra_forbidden"  # what pydantic calls a field that is not known

Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRoute(APIRoute):
    """The route class of every endpoint with a JSON body, `async def endpoint(body: Model, request: Request)`.

    FastAPI describes these endpoints in its documentation; the request itself takes a shorter way. FastAPI's own takes
    a key that is given twice, knows NaN, and costs as much time as the prediction (`python -m benchmarks serving`). An
    endpoint without a body keeps FastAPI's way.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        super().__init__(path, endpoint, **settings)
        if self.body_field is not None:
            self.app = _directly(self.get_route_handler())

    def get_route_handler(self) -> Handler:
        if self.body_field is None:
            return super().get_route_handler()
        model: type[BaseModel] = self.body_field.field_info.annotation  # type: ignore[assignment]
        endpoint: Callable[[BaseModel, Request], Awaitable[BaseModel | Response]] = self.endpoint
        require, read = self.require_media_type, self.read

        async def handle(request: Request) -> Response:
            require(content_type_of(request.scope))
            answer = await endpoint(read(model, request.scope, await _body_from(request.receive)), request)
            return answer if isinstance(answer, Response) else JsonAnswer(answer)

        return handle

    def require_media_type(self, content_type: bytes) -> None:
        """Raises `ApiError` where bodies of that type are not taken; it is empty where none was named."""
        require_json(content_type)

    def read(self, model: type[BaseModel], scope: Scope, body: bytes) -> BaseModel:  # noqa: ARG002 - for its headers
        """The body of the request of `scope` as `model`. Raises `ApiError`."""
        return validated(model, parse_json(body))


class JsonAnswer(Response):
    """An answer with status 200, in a few microseconds less than its parent takes."""

    def __init__(self, answer: BaseModel) -> None:
        self.status_code, self.background = 200, None
        self.body = answer.__pydantic_serializer__.to_json(answer)
        self.raw_headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]


def _directly(handle: Handler) -> ASGIApp:
    """Without the places where FastAPI keeps what dependencies leave open: these endpoints have none."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


def validated(model: type[Model], content: Any) -> Model:
    """`content` as `model` wants it. Raises `ApiError` that names the field, and never shows what stands in it."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        unknown = [unknown_field(mistake["loc"], content) for mistake in mistakes if mistake["type"] == _UNKNOWN][:1]
        others = [what_is_wrong(mistake, _fields_of(model)) for mistake in mistakes if mistake["type"] != _UNKNOWN][:1]
        raise invalid_input(". ".join(others + unknown)) from None


@cache
def _fields_of(model: type[BaseModel]) -> frozenset[str]:
    """The names of all fields, of the model and of those inside it."""
    schema = model.model_json_schema()
    return frozenset(name for one in (schema, *schema.get("$defs", {}).values()) for name in one.get("properties", ()))


def content_type_of(scope: Scope) -> bytes:
    """The media type of a request's body, without parameters; empty where it has none."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            media_type: bytes = value.partition(b";")[0].strip().lower()
            return media_type
    return b""


async def _body_from(receive: Receive) -> bytes:
    message = await receive()
    parts = [message.get("body", b"")]
    while message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return b"".join(parts)


def require_json(content_type: bytes) -> None:
    """Raises `ApiError` where a media type is no JSON."""
    is_json = content_type.startswith(b"application/") and content_type.endswith((b"/json", b"+json"))
    if not is_json:
        raise invalid_input("The body must be a JSON object, sent with Content-Type: application/json")


def parse_json(body: bytes) -> Any:
    """What `body` says, by RFC 8259 to the letter: UTF-8, no NaN, no key twice; a byte order mark, which it lets a
    reader ignore, is ignored. Raises `ApiError`.
    """
    if not body:
        raise invalid_input("A JSON body is required")
    try:
        return _decode(body.decode("utf-8").removeprefix(_MARK))
    except UnicodeDecodeError:
        raise invalid_input("The body is not text in UTF-8") from None
    except (ValueError, RecursionError):
        raise invalid_input("The body is not valid JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise invalid_input("The body has a key twice")
    return found


def _refuse_constant(_: str) -> None:
    raise invalid_input("The body has NaN or Infinity, which are not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if value in (float("inf"), float("-inf")):
        raise invalid_input("The body has a number that is too large")
    return value


_decode = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse_constant, parse_float=_finite).decode
