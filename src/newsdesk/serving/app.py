"""The application: its layers and its endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from newsdesk import __version__
from newsdesk.serving import errors, openapi
from newsdesk.serving.access_log import AccessLog
from newsdesk.serving.body_limits import BodySizes
from newsdesk.serving.guard import Guard
from newsdesk.serving.head import HeadAsGet
from newsdesk.serving.observe import Observed
from newsdesk.serving.origin import Origin
from newsdesk.serving.route import JsonRoute
from newsdesk.serving.routes import batch, feedback, models, open_inference, operations, predicting, tokens
from newsdesk.serving.service import Service
from newsdesk.serving.shortcut import Shortcut

# `tracing.py` sends spans where they are wanted. FastAPI's own telemetry looks for a provider with every request, and
# would tell it what exceptions say, which may be article text.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def create_app(service: Service) -> FastAPI:
    """The HTTP interface to `service`. Its pages at /docs and /redoc need no other host."""

    log = AccessLog()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.start()
        yield
        await service.stop()
        log.flush()

    app = FastAPIOffline(
        title="Newsdesk",
        version=__version__,
        description="Sorts news articles into categories.",
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    errors.install(app)
    app.router.route_class = JsonRoute
    for subject in (predicting, batch, operations, feedback, models, open_inference, tokens):
        subject.add_routes(app, service)
    openapi.install(app, service)
    app.middleware_stack = _layers(app, service, log)
    return app


def _layers(app: FastAPI, service: Service, log: AccessLog) -> ASGIApp:
    """What lies around the endpoints, from the inside out: ours outermost, and FastAPI's own within the shortcut."""
    settings = service.settings
    layers: ASGIApp = Shortcut(HeadAsGet(app.build_middleware_stack()), app.router.routes)
    layers = Guard(
        layers, service.access, service.limiter, settings.api_timeout, BodySizes(app.router.routes), service.long_work
    )
    if settings.api_cors_origins:
        layers = CORSMiddleware(
            layers,
            allow_origins=settings.api_cors_origins.split(","),
            allow_methods=["GET", "POST"],
            allow_headers=[
                *("authorization", "content-encoding", "content-type", "inference-header-content-length"),
                *("traceparent", "x-api-key", "x-request-id"),
            ],
            expose_headers=["inference-header-content-length", "retry-after", "x-request-id"],
        )
    return Observed(layers, service.metrics, Origin(settings), log)
