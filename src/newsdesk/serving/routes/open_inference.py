"""Open Inference Protocol, version 2, over REST, with tensors as JSON or binary data."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.types import Scope

from newsdesk import __version__
from newsdesk.errors import NewsdeskError
from newsdesk.registry.version import MODEL
from newsdesk.serving.body_limits import LimitedBody
from newsdesk.serving.content_encoding import accepted_coding, compressed
from newsdesk.serving.errors import DOCUMENTED_ERRORS, ApiError, Responses, invalid_input
from newsdesk.serving.json_route import JsonRoute, require_json, validate_body
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.open_inference import binary_tensors
from newsdesk.serving.open_inference.metadata import (
    EXTENSIONS,
    Live,
    ModelMetadata,
    ModelReady,
    Ready,
    ServerMetadata,
    describe_model,
)
from newsdesk.serving.open_inference.request import InferenceRequest, attach_binary_tensors, request_texts
from newsdesk.serving.open_inference.response import InferenceResponse, make_response
from newsdesk.serving.prediction_result import PredictionResult
from newsdesk.serving.schemas import MODEL_NAME
from newsdesk.serving.server_state import ServerState
from newsdesk.serving.strict_json import parse_json

_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": [MODEL]}}
_VERSION = {"name": "version", "in": "path", "required": True, "schema": {"type": "string", "pattern": MODEL_NAME}}
_BINARY = {binary_tensors.MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}
_ANSWER: Responses = {HTTPStatus.OK.value: {"content": _BINARY}}


class TensorRoute(JsonRoute):
    """Bodies with binary data behind the JSON object. The protocol asks for no content type: some clients send none,
    and some that of binary data with everything."""

    def require_media_type(self, content_type: bytes) -> None:
        if content_type not in (b"", binary_tensors.MEDIA_TYPE.encode()):
            require_json(content_type)

    def read(self, model: type[LimitedBody], scope: Scope, body: bytes) -> BaseModel:
        json, binary = binary_tensors.split_body(scope["headers"], body)
        return attach_binary_tensors(validate_body(InferenceRequest, parse_json(json, model.body_limits.items)), binary)


def add_routes(app: FastAPI, state: ServerState) -> None:
    _add_server(app, state)
    _add_model(app, state)


def _add_server(app: FastAPI, state: ServerState) -> None:
    async def server_metadata() -> ServerMetadata:
        """What this server is."""
        return ServerMetadata(name="newsdesk", version=__version__, extensions=EXTENSIONS)

    async def live() -> Live:
        """The server is up."""
        return Live(live=True)

    async def ready(response: Response) -> Ready:
        """There is a model."""
        is_ready = state.models.champion is not None
        if not is_ready:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return Ready(ready=is_ready)

    _add_get(app, "/v2", server_metadata)
    _add_get(app, "/v2/health/live", live)
    _add_get(app, "/v2/health/ready", ready)


def _add_model(app: FastAPI, state: ServerState) -> None:
    async def find_model(request: Request) -> LoadedModel:
        if request.path_params["name"] != MODEL:
            raise ApiError(HTTPStatus.NOT_FOUND, "Not Found", f"The only model here is {MODEL}", "unknown_model")
        return await state.model_named(request.path_params.get("version", "champion"))

    async def model_metadata(request: Request) -> ModelMetadata:
        """What the model takes and gives, and the versions that may be asked for."""
        model = await find_model(request)
        return describe_model(MODEL, await _available_versions(state, model), len(model.predictor.classes))

    async def model_ready(request: Request) -> ModelReady:
        """The model is loaded."""
        await find_model(request)
        return ModelReady(name=MODEL, ready=True)

    async def infer(body: InferenceRequest, request: Request) -> Response:
        """Predict the texts of the input tensor `text`."""
        model = await find_model(request)
        pinned_model = model if "version" in request.path_params else None
        results = await _predict(state, request_texts(body), pinned_model, request)
        return await _encode_response(state, *make_response(MODEL, body, results), request)

    for path, parameters in (
        ("/v2/models/{name}", [_NAME]),
        ("/v2/models/{name}/versions/{version}", [_NAME, _VERSION]),
    ):
        _add_get(app, path, model_metadata, {"parameters": parameters})
        _add_get(app, f"{path}/ready", model_ready, {"parameters": parameters})
        app.router.add_api_route(
            f"{path}/infer",
            infer,
            methods=["POST"],
            response_model=InferenceResponse,
            responses={**DOCUMENTED_ERRORS, **_ANSWER},
            openapi_extra={"parameters": parameters, "requestBody": {"content": _BINARY}},
            route_class_override=TensorRoute,
        )


def _add_get(app: FastAPI, path: str, endpoint: Callable[..., Any], extra: dict[str, Any] | None = None) -> None:
    """GET, and HEAD as well: probes and proxies ask for it."""
    app.router.add_api_route(path, endpoint, methods=["GET"], responses=DOCUMENTED_ERRORS, openapi_extra=extra)
    app.router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)


async def _available_versions(state: ServerState, model: LoadedModel) -> list[str]:
    """All that may be asked for; where the registry does not answer, the one that is known."""
    try:
        registered = await asyncio.to_thread(state.loader.versions)
    except NewsdeskError:
        registered = []
    return list({model.version, *(version.version for version in registered if version.digest)})


async def _predict(
    state: ServerState, texts: list[str], model: LoadedModel | None, request: Request
) -> list[PredictionResult]:
    """An answer to every text: the protocol has no room for a failure among them. Raises `ApiError`."""
    caller: str = request.scope["caller_name"]
    results = []
    for index, result in enumerate(await state.predictions.predict_as_one_batch(texts, model, caller)):
        if isinstance(result, ApiError):
            raise invalid_input(f"text {index}: {result.message}", result.code)
        results.append(result)
    return results


async def _encode_response(
    state: ServerState, response: InferenceResponse, binary: list[bytes], request: Request
) -> Response:
    """The response as it is sent: binary data behind the JSON object, and compressed where the client asks for it."""
    json = response.model_dump_json(exclude_none=True).encode()
    body = b"".join((json, *binary))
    headers = {"Vary": "Accept-Encoding"}
    if binary:
        headers[binary_tensors.HEADER.decode()] = str(len(json))
    if coding := accepted_coding(request.scope["headers"], len(body)):
        headers["Content-Encoding"] = coding.decode()
        body = await state.text_workers.offload_if_long(len(body), lambda: compressed(body, coding))
    return Response(body, headers=headers, media_type=binary_tensors.MEDIA_TYPE if binary else "application/json")
