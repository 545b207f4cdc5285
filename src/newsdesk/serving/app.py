"""The application: its layers and its endpoints."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline

from newsdesk import __version__
from newsdesk.serving import errors, openapi
from newsdesk.serving.access_log import AccessLog
from newsdesk.serving.guard import Guard
from newsdesk.serving.observe import Observed
from newsdesk.serving.route import JsonRoute
from newsdesk.serving.routes import batch, feedback, models, open_inference, operations, predicting, tokens
from newsdesk.serving.service import Service


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
    )
    # The last one added is the outermost.
    app.add_middleware(Guard, access=service.access, limiter=service.limiter, timeout=service.settings.api_timeout)
    if origins := service.settings.api_cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[origin.strip() for origin in origins.split(",")],
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "x-api-key", "x-request-id", "traceparent"],
            expose_headers=["x-request-id", "retry-after"],
        )
    app.add_middleware(Observed, metrics=service.metrics, log=log)
    errors.install(app)
    app.router.route_class = JsonRoute
    # Routes are tried in order: the one that is asked for most comes first.
    for subject in (predicting, batch, operations, feedback, models, open_inference, tokens):
        subject.add_routes(app, service)
    openapi.install(app, service)
    return app
