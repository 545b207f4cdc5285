"""How a request becomes a call: strict JSON in, validated once, JSON out."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import cache
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from newsdesk.serving.body_limits import LimitedBody
from newsdesk.serving.errors import describe_mistake, invalid_input, unknown_field
from newsdesk.serving.strict_json import parse_json
from newsdesk.serving.worker_threads import LONG, WorkerThreads, run_while_connected

JSON_LINES = (b"application/x-ndjson", b"application/jsonl")  # media types of what is read line by line

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
        self.body_limits = None
        if self.body_field is not None:
            self.body_limits = self._model.body_limits
            self.app = _asgi_app(self.get_route_handler())

    @property
    def _model(self) -> type[LimitedBody]:
        model: type[LimitedBody] = self.body_field.field_info.annotation  # type: ignore[assignment, union-attr]
        return model

    def get_route_handler(self) -> Handler:
        if self.body_field is None:
            return super().get_route_handler()
        model = self._model
        endpoint: Callable[[BaseModel, Request], Awaitable[BaseModel | Response]] = self.endpoint
        require, read = self.require_media_type, self.read

        async def handle(request: Request) -> Response:
            require(content_type_of(request.scope))
            body = await _read_body(request.receive)
            if len(body) < LONG:
                answer = await endpoint(read(model, request.scope, body), request)
            else:
                answer = await run_while_connected(request.receive, handle_long(body, request))
            return answer if isinstance(answer, Response) else JsonAnswer(answer)

        async def handle_long(body: bytes, request: Request) -> BaseModel | Response:
            long_work: WorkerThreads = request.scope["long_work"]
            long_work.require_room()
            return await endpoint(await long_work.run(lambda: read(model, request.scope, body)), request)

        return handle

    def require_media_type(self, content_type: bytes) -> None:
        """Raises `ApiError` where bodies of that type are not taken; it is empty where none was named."""
        require_json(content_type)

    def read(self, model: type[LimitedBody], scope: Scope, body: bytes) -> BaseModel:  # noqa: ARG002 - for its headers
        """The body of the request of `scope` as `model`. Raises `ApiError`."""
        return validate_body(model, parse_json(body, model.body_limits.items))


class JsonAnswer(Response):
    """An answer with status 200, in a few microseconds less than its parent takes."""

    def __init__(self, answer: BaseModel) -> None:
        self.status_code, self.background = 200, None
        self.body = answer.__pydantic_serializer__.to_json(answer)
        self.raw_headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body))]


def _asgi_app(handle: Handler) -> ASGIApp:
    """Without the places where FastAPI keeps what dependencies leave open: these endpoints have none."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


def validate_body(model: type[Model], content: Any) -> Model:
    """`content` as `model` wants it. Raises `ApiError` that names the field, and never shows what stands in it."""
    try:
        return model.model_validate(_limit_unknown(model, content))
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
        unknown = [unknown_field(mistake["loc"], content) for mistake in mistakes if mistake["type"] == _UNKNOWN][:1]
        others = [
            describe_mistake(mistake, _field_names(model)) for mistake in mistakes if mistake["type"] != _UNKNOWN
        ][:1]
        raise invalid_input(". ".join(others + unknown)) from None


def _limit_unknown(model: type[BaseModel], content: Any) -> Any:
    """`content` itself, or with the first of many fields that are not known: pydantic makes an error of each one."""
    known = model.__pydantic_fields__
    if not isinstance(content, dict) or len(content) <= len(known) or model.model_config.get("extra") != "forbid":
        return content
    first = next(name for name in content if name not in known)
    return {name: value for name, value in content.items() if name in known or name == first}


@cache
def _field_names(model: type[BaseModel]) -> frozenset[str]:
    """The names of all fields, of the model and of those inside it."""
    schema = model.model_json_schema()
    return frozenset(
        name for part in (schema, *schema.get("$defs", {}).values()) for name in part.get("properties", ())
    )


def content_type_of(scope: Scope) -> bytes:
    """The media type of a request's body, without parameters; empty where it has none."""
    for name, value in scope["headers"]:
        if name == b"content-type":
            media_type: bytes = value.partition(b";")[0].strip().lower()
            return media_type
    return b""


async def _read_body(receive: Receive) -> bytes:
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
