"""Past the router, for the endpoint that is asked for most."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

_PATH = "/predict"


class FastPathMiddleware:
    """ASGI middleware: hands `POST /predict` to its route directly. What FastAPI lays around an endpoint takes as long
    as a prediction, and serves dependencies and exceptions that this endpoint has not.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._route = next(route for route in routes if isinstance(route, Route) and route.path == _PATH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == _PATH and scope["method"] == "POST":
            scope["route"] = self._route
            await self._route.app(scope, receive, send)
        else:
            await self._app(scope, receive, send)
