"""Who may ask for what, and how often, through the whole application."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from newsdesk.serving.security.caller import SCOPES, Scope, parse_scopes
from newsdesk.serving.security.key_file import add_key
from newsdesk.serving.security.keys import new_key
from newsdesk.serving.security.permissions import PERMISSIONS
from tests.builders import settings_in
from tests.integration.api.builders import HEADLINE, Api, code_of, request_lines, running

SECRET = "9f2 a secret for tests, long enough for HS256"
PROTECTED = [(method, path, scope) for method, path, scope in PERMISSIONS if scope]
PUBLIC = [(method, path) for method, path, scope in PERMISSIONS if scope is None]


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    """A key of each scope, and one of two, by their names."""
    return {name: new_key_in(tmp_path, name) for name in (*SCOPES, "predict-feedback")}


@pytest.fixture
def guarded(tmp_path: Path, keys: dict[str, str]) -> Iterator[Api]:
    with running(tmp_path, API_AUTH="true", API_SECRET_KEY=SECRET) as api:
        yield api


def new_key_in(folder: Path, scopes: str, limit: str | None = None) -> str:
    key, text = new_key(scopes, parse_scopes(scopes.replace("-", " ")), limit)
    add_key(settings_in(folder).keys_file, key)
    return text


def address(path: str) -> str:
    """A path with what its gaps may hold."""
    return path.replace("{name}", "news-classifier").replace("{version}", "1").replace("{path:path}", "swagger-ui.css")


def ask(api: Api, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """A request that changes nothing: a body that no endpoint takes, where one is needed."""
    body: dict[str, Any] = {"json": {"nothing": 0}} if method == "POST" else {}
    return api.call(method, address(path), headers=headers or {}, **body)


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path, _ in PROTECTED])
def test_without_credentials_a_protected_endpoint_is_closed(method: str, path: str, guarded: Api) -> None:
    response = ask(guarded, method, path)
    assert response.status_code == 401
    assert code_of(response) == "missing_credentials"
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("method", "path"), PUBLIC)
def test_a_public_endpoint_is_open(method: str, path: str, guarded: Api) -> None:
    assert ask(guarded, method, path).status_code not in (401, 403)


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("GET", "/predict"), ("DELETE", "/model/info")])
def test_what_is_not_there_is_closed_too(method: str, path: str, guarded: Api, keys: dict[str, str]) -> None:
    assert ask(guarded, method, path).status_code == 401
    assert ask(guarded, method, path, {"X-API-Key": keys["admin"]}).status_code in (404, 405)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_opens_what_its_scope_allows_and_nothing_else(scope: Scope, guarded: Api, keys: dict[str, str]) -> None:
    for method, path, needed in PROTECTED:
        response = ask(guarded, method, path, {"X-API-Key": keys[scope]})
        if scope in ("admin", needed):
            assert response.status_code not in (401, 403), path
        else:
            assert (response.status_code, code_of(response)) == (403, "insufficient_scope"), path


@pytest.mark.parametrize("name", ["X-API-Key", "Authorization"])
def test_a_key_may_come_in_either_header_and_its_holder_is_logged(
    name: str, guarded: Api, keys: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    key = keys["predict"]
    headers = {name: key if name == "X-API-Key" else f"Bearer {key}"}
    response = guarded.post("/predict", json={"text": HEADLINE}, headers=headers)
    assert response.status_code == 200
    (line,) = request_lines(guarded, caplog)
    assert line["caller"] == "predict"
    assert key not in caplog.text


def test_a_token_for_a_key_opens_what_it_was_asked_for(guarded: Api, keys: dict[str, str]) -> None:
    response = guarded.post("/auth/token", json={"api_key": keys["predict-feedback"], "scopes": ["predict"]})
    assert response.status_code == 200
    issued = response.json()
    assert list(issued) == ["access_token", "token_type", "expires_in", "scope"]
    assert (issued["token_type"], issued["expires_in"], issued["scope"]) == ("bearer", 3600, "predict")
    headers = {"Authorization": f"Bearer {issued['access_token']}"}
    assert guarded.post("/predict", json={"text": HEADLINE}, headers=headers).status_code == 200
    refused = guarded.post("/feedback", json={"text": HEADLINE, "category": "sports"}, headers=headers)
    assert (refused.status_code, code_of(refused)) == (403, "insufficient_scope")


def test_a_token_that_was_tampered_with_opens_nothing(guarded: Api, keys: dict[str, str]) -> None:
    token = guarded.post("/auth/token", json={"api_key": keys["predict"]}).json()["access_token"]
    head, claims, signature = token.split(".")
    for wrong in (f"{head}.{claims}.{signature[::-1]}", f"{head}.{claims}.", token[:-1], f"{head}.{claims[:-2]}.x"):
        response = guarded.post("/predict", json={"text": HEADLINE}, headers={"Authorization": f"Bearer {wrong}"})
        assert (response.status_code, code_of(response)) == (401, "invalid_token")


def test_no_token_is_given_for_a_wrong_key_or_for_scopes_that_the_key_has_not(
    guarded: Api, keys: dict[str, str]
) -> None:
    wrong = guarded.post("/auth/token", json={"api_key": "nd_wrong"})
    assert (wrong.status_code, code_of(wrong)) == (401, "invalid_key")
    greedy = guarded.post("/auth/token", json={"api_key": keys["predict"], "scopes": ["admin"]})
    assert (greedy.status_code, code_of(greedy)) == (400, "invalid_scope")


def test_what_is_wrong_with_a_request_is_told_only_to_those_who_may_ask(guarded: Api) -> None:
    content, headers = b"x" * 9_000_000, {"Content-Type": "application/json"}
    assert guarded.post("/predict", content=content, headers=headers).status_code == 401


def test_beyond_the_limit_a_caller_is_told_when_to_come_back_and_others_go_on(tmp_path: Path) -> None:
    with running(tmp_path, API_RATE_LIMIT="3/hour") as api:
        for _ in range(3):
            api.predict()
        response = api.post("/predict", json={"text": HEADLINE})
        assert (response.status_code, code_of(response)) == (429, "too_many_requests")
        assert 0 < int(response.headers["retry-after"]) <= 3600
        assert api.predict(client="192.0.2.7")["prediction"] == "sports"


def test_probes_are_never_limited(tmp_path: Path) -> None:
    with running(tmp_path, API_RATE_LIMIT="1/hour") as api:
        api.predict()
        for path in ("/health", "/ready", "/v2/health/live", "/v2/health/ready"):
            assert {api.get(path).status_code for _ in range(5)} == {200}
        assert api.get("/model/info").status_code == 429


def test_a_key_has_its_own_limit(tmp_path: Path) -> None:
    key = new_key_in(tmp_path, "predict", limit="2/hour")
    with running(tmp_path, API_AUTH="true", API_SECRET_KEY=SECRET, API_RATE_LIMIT="1/hour") as api:
        statuses = [api.get("/model/info", headers={"X-API-Key": key}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_who_guesses_keys_is_slowed_down(guarded: Api) -> None:
    statuses = [ask(guarded, "GET", "/metrics", {"X-API-Key": "nd_guess"}).status_code for _ in range(25)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_only_with_authentication_openapi_tells_how_to_identify_oneself(guarded: Api, tmp_path: Path) -> None:
    described = guarded.get("/openapi.json").json()
    assert set(described["components"]["securitySchemes"]) == {"bearer", "key"}
    for method, path, scope in PERMISSIONS:
        if operation := described["paths"].get(path, {}).get(method.lower()):
            assert bool(operation.get("security")) is (scope is not None), path
    with running(tmp_path / "open") as api:
        assert "securitySchemes" not in api.get("/openapi.json").json()["components"]
