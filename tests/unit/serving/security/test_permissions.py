import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, Router
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from newsdesk.serving.security.access_errors import AccessDenied
from newsdesk.serving.security.authentication import Authenticator
from newsdesk.serving.security.caller import Caller, Scope
from newsdesk.serving.security.permissions import PERMISSIONS, Permissions
from tests.unit.serving.security.builders import Desk, ask, bearer, request

PAGE = Path(__file__).parents[4] / "docs" / "security.md"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "CONNECT", ""]
PATHS = sorted({path for _, path, _ in PERMISSIONS})


def example(template: str) -> str:
    return re.sub(r"{\w+(:path)?}", "x", template)


class Guarded:
    """An application with every route of the table, and a route for everything else that nobody entered in it."""

    def __init__(self, access: Authenticator) -> None:
        self._access = access
        self._router = Router([self._route(method, path, scope) for method, path, scope in PERMISSIONS])
        self._router.routes.append(self._route("*", "/{anything:path}", "admin"))

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        try:
            connection["caller"] = self._access.admit(connection)
        except AccessDenied as denied:
            await JSONResponse({"denied": denied.code}, denied.status)(connection, receive, send)
            return
        await self._router(connection, receive, send)

    def _route(self, method: str, path: str, scope: Scope | None) -> Route:
        async def endpoint(asked: Request) -> JSONResponse:
            return JSONResponse({"reached": scope or "public"})

        return Route(path, endpoint, methods=None if method == "*" else [method])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("desk"))


@pytest.fixture(scope="module")
def keys(desk: Desk) -> dict[Scope, str]:
    return {scope: desk.key(scope, scope) for scope in ("predict", "feedback", "monitor", "admin")}


@pytest.fixture
def app(desk: Desk, keys: dict[Scope, str]) -> Guarded:
    return Guarded(desk.access())


@pytest.mark.parametrize(("method", "path", "needed"), PERMISSIONS, ids=lambda value: str(value))
def test_every_route_lets_in_those_who_may_and_no_other(
    app: Guarded, keys: dict[Scope, str], method: str, path: str, needed: Scope | None
) -> None:
    nobody = ask(app, request(method, example(path)))
    assert nobody[0] == (200 if needed is None else 401)
    for scope, key in keys.items():
        status, _, body = ask(app, request(method, example(path), bearer(key)))
        if needed is None or scope in (needed, "admin"):
            assert (status, body) == (200, {"reached": needed or "public"})
        else:
            assert (status, body) == (403, {"denied": "insufficient_scope"})


@pytest.mark.parametrize("path", ["/new", "/admin", "/model/delete", "/v2/repository/index", "/docs2", "/", ""])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_route_that_nobody_entered_is_closed_to_all_but_admins(
    app: Guarded, keys: dict[Scope, str], method: str, path: str
) -> None:
    assert ask(app, request(method, path))[0] == 401
    for scope in ("predict", "feedback", "monitor"):
        assert ask(app, request(method, path, bearer(keys[scope])))[0] == 403
    assert ask(app, request(method, path, bearer(keys["admin"])))[0] != 403


@pytest.mark.parametrize(
    "path",
    [
        "//predict",
        "/predict/",
        "/predict//",
        "/%70redict",
        "/PREDICT",
        "/predict\n",
        "/predict\x00",
        "/predict;x",
        "/./predict",
        "/v2/../metrics",
        "/health/../metrics",
        "/v2/models/../../model/promote",
        "/docs/../model/promote",
        "/Health",
        "/health/",
        "/health\n",
        "/v2/models/",
        "/v2/models/a/b/infer",
        "/static-offline-docs",
        "/static-offline-docs2/x",
        "/static-offline-docs/a\n",
    ],
)
def test_a_path_that_is_written_another_way_opens_nothing(app: Guarded, keys: dict[Scope, str], path: str) -> None:
    assert ask(app, request("GET", path))[0] == 401
    assert ask(app, request("POST", path, bearer(keys["predict"])))[0] == 403


def twisted_paths() -> st.SearchStrategy[str]:
    """Known paths with pieces put in, and whatever else."""
    pieces = st.sampled_from(["/", "//", ".", "..", "/../", "%2e", "%2F", "\n", "\r", "\x00", ";", "?", "#", "x", "É"])
    known = st.sampled_from([example(path) for path in PATHS])
    put_in = st.tuples(known, pieces, st.integers(0, 40)).map(lambda t: t[0][: t[2]] + t[1] + t[0][t[2] :])
    joined = st.tuples(known, pieces, known).map("".join)
    return st.one_of(known, known.map(str.upper), put_in, joined, st.text(max_size=30).map(lambda text: "/" + text))


@given(path=twisted_paths(), method=st.sampled_from(METHODS))
def test_whatever_is_asked_for_nobody_reaches_more_than_he_may(
    desk: Desk, keys: dict[Scope, str], path: str, method: str
) -> None:
    """The law: an endpoint that answers is one for which the caller holds the scope, however the path is written."""
    app = Guarded(desk.access())
    for headers, allowed in (({}, {"public"}), (bearer(keys["predict"]), {"public", "predict"})):
        status, _, body = ask(app, request(method, path, headers))
        if status == 200 and method != "HEAD":
            assert body["reached"] in allowed
        assert status in (200, 307, 401, 403, 404, 405)


def test_the_path_is_the_one_that_the_router_goes_by_below_a_prefix(desk: Desk, keys: dict[Scope, str]) -> None:
    app = Guarded(desk.access())
    below = request("POST", "/api/model/promote", bearer(keys["predict"])) | {"root_path": "/api"}
    assert ask(app, below)[0] == 403
    below = request("POST", "/api/predict", bearer(keys["predict"])) | {"root_path": "/api"}
    assert ask(app, below)[2] == {"reached": "predict"}


def test_a_websocket_needs_an_admin(desk: Desk) -> None:
    connection = request("GET", "/health") | {"type": "websocket"}
    del connection["method"]
    with pytest.raises(AccessDenied) as caught:
        desk.access().admit(connection)
    assert caught.value.status == 401


def test_a_request_for_the_head_needs_what_the_whole_needs() -> None:
    permissions = Permissions()
    assert permissions.needed("HEAD", "/health") is None
    assert permissions.needed("HEAD", "/metrics") == "monitor"
    assert permissions.needed("HEAD", "/predict") == "admin"


def test_the_documentation_shows_the_same_table() -> None:
    rows = re.findall(r"^\| `([A-Z]+) (/\S*)` \| (\w+) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert rows == [(method, path, scope or "public") for method, path, scope in PERMISSIONS]


def test_without_tokens_everybody_may_everything(desk: Desk) -> None:
    caller = desk.access(API_AUTH="false").admit(request("POST", "/model/promote", client="192.0.2.9"))
    assert caller == Caller("anonymous:192.0.2.9", caller.scopes, authenticated=False)
    assert caller.may("admin")
