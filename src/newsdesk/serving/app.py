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
from newsdesk.serving.admission_middleware import AdmissionMiddleware
from newsdesk.serving.body_limits import BodySizes
from newsdesk.serving.client_labels import ClientLabels
from newsdesk.serving.fast_path_middleware import FastPathMiddleware
from newsdesk.serving.head_middleware import HeadMiddleware
from newsdesk.serving.json_route import JsonRoute
from newsdesk.serving.observability_middleware import ObservabilityMiddleware
from newsdesk.serving.routes import batch, feedback, models, open_inference, operations, predicting, tokens
from newsdesk.serving.server_state import ServerState

# `tracing.py` sends spans where they are wanted. FastAPI's own telemetry looks for a provider with every request, and
# would tell it what exceptions say, which may be article text.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}


def create_app(state: ServerState) -> FastAPI:
    """The HTTP interface to `state`. Its pages at /docs and /redoc need no other host."""

    log = AccessLog()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await state.start()
        yield
        await state.stop()
        log.flush()

    app = FastAPIOffline(
        title="Newsdesk",
        version=__version__,
        description="Sorts news articles into categories.",
        lifespan=lifespan,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
    )
    errors.install_error_handlers(app)
    app.router.route_class = JsonRoute
    for module in (predicting, batch, operations, feedback, models, open_inference, tokens):
        module.add_routes(app, state)
    openapi.install_openapi(app, state)
    app.middleware_stack = _middleware_stack(app, state, log)
    return app


def _middleware_stack(app: FastAPI, state: ServerState, log: AccessLog) -> ASGIApp:
    """The middleware around the endpoints, from the inside out: ours outermost, FastAPI's own inside the fast path."""
    settings = state.settings
    layers: ASGIApp = FastPathMiddleware(HeadMiddleware(app.build_middleware_stack()), app.router.routes)
    layers = AdmissionMiddleware(
        layers,
        state.authenticator,
        state.rate_limiter,
        settings.api_timeout,
        BodySizes(app.router.routes),
        state.text_workers,
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
    return ObservabilityMiddleware(layers, state.metrics, ClientLabels(settings), log)
