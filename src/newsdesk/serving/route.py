"""How a request becomes a call: strict JSON in, validated once, JSON out."""

import json
from collections.abc import Awaitable, Callable, Coroutine
from functools import cache
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from newsdesk.serving.errors import invalid_input, what_is_wrong

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

        async def handle(request: Request) -> Response:
            require_json(request)
            body = validated(model, parse_json(await request.body()))
            answer = await endpoint(body, request)
            if isinstance(answer, Response):
                return answer
            return Response(answer.__pydantic_serializer__.to_json(answer), media_type="application/json")

        return handle


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
        mistake = error.errors(include_url=False, include_input=False)[0]
        raise invalid_input(what_is_wrong(mistake, _fields_of(model))) from None


@cache
def _fields_of(model: type[BaseModel]) -> frozenset[str]:
    """The names of all fields, of the model and of those inside it."""
    schema = model.model_json_schema()
    return frozenset(name for one in (schema, *schema.get("$defs", {}).values()) for name in one.get("properties", ()))


def require_json(request: Request) -> None:
    """Raises `ApiError` where the content type is no JSON."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" and not (
        content_type.startswith("application/") and content_type.endswith("+json")
    ):
        raise invalid_input("The body must be a JSON object, sent with Content-Type: application/json")


def parse_json(body: bytes) -> Any:
    """What `body` says, by RFC 8259 to the letter: UTF-8, no NaN, no key twice. Raises `ApiError`."""
    if not body:
        raise invalid_input("A JSON body is required")
    try:
        return _decode(body.decode("utf-8"))
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
