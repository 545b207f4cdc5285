"""Open Inference Protocol, version 2, over REST with JSON tensors:
https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response

from newsdesk import __version__
from newsdesk.registry.version import MODEL
from newsdesk.serving import open_inference as v2
from newsdesk.serving.answering import Answer, Wish
from newsdesk.serving.errors import FAILURES, ApiError, invalid_input
from newsdesk.serving.model_source import Served
from newsdesk.serving.route import JsonRoute
from newsdesk.serving.schemas import MODEL_NAME
from newsdesk.serving.service import Service

_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": [MODEL]}}
_VERSION = {"name": "version", "in": "path", "required": True, "schema": {"type": "string", "pattern": MODEL_NAME}}


class TensorRoute(JsonRoute):
    """The protocol asks for no content type, and its clients send none."""

    default_media_type = b"application/json"


def add_routes(app: FastAPI, service: Service) -> None:
    _add_server(app, service)
    _add_model(app, service)


def _add_server(app: FastAPI, service: Service) -> None:
    @app.get("/v2", responses=FAILURES)
    async def server_metadata() -> v2.ServerMetadata:
        """What this server is."""
        return v2.ServerMetadata(name="newsdesk", version=__version__, extensions=[])

    @app.get("/v2/health/live", responses=FAILURES)
    async def live() -> v2.Live:
        """The server is up."""
        return v2.Live(live=True)

    @app.get("/v2/health/ready", responses=FAILURES)
    async def ready(response: Response) -> v2.Ready:
        """There is a model."""
        is_ready = service.models.champion is not None
        if not is_ready:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return v2.Ready(ready=is_ready)


def _add_model(app: FastAPI, service: Service) -> None:
    def for_both_paths(method: str, ending: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A model may be addressed with and without its version."""

        def add(endpoint: Callable[..., Any]) -> Callable[..., Any]:
            for path in (f"/v2/models/{{name}}{ending}", f"/v2/models/{{name}}/versions/{{version}}{ending}"):
                parameters = [_NAME, _VERSION] if "{version}" in path else [_NAME]
                app.router.add_api_route(
                    path,
                    endpoint,
                    methods=[method],
                    responses=FAILURES,
                    openapi_extra={"parameters": parameters},
                    route_class_override=TensorRoute,
                )
            return endpoint

        return add

    async def addressed(request: Request) -> Served:
        if request.path_params["name"] != MODEL:
            raise ApiError(HTTPStatus.NOT_FOUND, "Not Found", f"The only model here is {MODEL}", "unknown_model")
        return await service.model_named(request.path_params.get("version", "champion"))

    @for_both_paths("GET", "")
    async def model_metadata(request: Request) -> v2.ModelMetadata:
        """What the model takes and gives."""
        served = await addressed(request)
        return v2.metadata_of(MODEL, served.version, len(served.predictor.classes))

    @for_both_paths("GET", "/ready")
    async def model_ready(request: Request) -> v2.ModelReady:
        """The model is loaded."""
        await addressed(request)
        return v2.ModelReady(name=MODEL, ready=True)

    @for_both_paths("POST", "/infer")
    async def infer(body: v2.InferenceRequest, request: Request) -> v2.InferenceResponse:
        """Predict the texts of the input tensor `text`."""
        served = await addressed(request)
        asked_for = served if "version" in request.path_params else None
        return v2.response_of(MODEL, body, await _answers(service, v2.texts_of(body), asked_for, request))


async def _answers(service: Service, texts: list[str], asked_for: Served | None, request: Request) -> list[Answer]:
    """An answer to every text: the protocol has no room for a failure among them. Raises `ApiError`."""
    caller: str = request.scope["caller_name"]
    served, arm = service.answering.chosen(asked_for, caller)
    answers = []
    for index, answer in enumerate(await service.answering.many(texts, Wish(), served, arm, caller)):
        if isinstance(answer, ApiError):
            raise invalid_input(f"text {index}: {answer.message}", answer.code)
        answers.append(answer)
    return answers
