"""The HTTP application for tests: as a server builds it, around any predictor, called without a network."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from newsdesk.config.config_files import load_pipeline_config
from newsdesk.config.settings import Settings
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.serving.app import create_app
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.server_state import ServerState

Result = TypeVar("Result")
ADDRESS = "http://newsdesk.test"


def service_of(settings: Settings, predictor: Predictor | None, version: str = "1") -> ServerState:
    """A service that is not started: it answers, and follows nobody."""
    pipeline = load_pipeline_config(settings.config_dir)
    return ServerState(settings, LoadedModel(predictor, version) if predictor else None, pipeline)


def app_of(settings: Settings, predictor: Predictor | None, version: str = "1") -> FastAPI:
    return create_app(service_of(settings, predictor, version))


def call(app: FastAPI, method: str, path: str, **request: Any) -> httpx.Response:
    """One request, and its answer."""

    async def send(client: httpx.AsyncClient) -> httpx.Response:
        return await client.request(method, path, **request)

    return asyncio.run(_connected(app, send))


async def _connected(app: FastAPI, use: Callable[[httpx.AsyncClient], Awaitable[Result]]) -> Result:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
        return await use(client)


def while_running(service: ServerState, use: Callable[[httpx.AsyncClient], Awaitable[Result]]) -> Result:
    """Start `service`, let `use` talk to it, stop it."""

    async def run() -> Result:
        await service.start()
        try:
            return await _connected(create_app(service), use)
        finally:
            await service.stop()

    return asyncio.run(run())


def value_of(metrics: ApiMetrics, name: str, labels: dict[str, str] | None = None) -> float | None:
    """The value of a series, with all that waits to be told; None where there is no such series."""
    metrics.batch.flush()
    return metrics.registry.get_sample_value(name, labels or {})
