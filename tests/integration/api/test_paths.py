"""A path means the same with a slash at its end, and whatever can be got has a head."""

from pathlib import Path

import httpx
import pytest

from newsdesk.registry.version import MODEL
from newsdesk.serving.app import create_app
from newsdesk.serving.security.permissions import PERMISSIONS
from tests.builders import settings_in
from tests.integration.api.builders import HEADLINE, Api, listening, predictor
from tests.serving import service_of

INFER = {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [HEADLINE]}]}
BODIES = {"/predict": {"text": HEADLINE}, "/predict/batch": {"texts": [HEADLINE]}, "/explain": {"text": HEADLINE},
          "/feedback": {"text": HEADLINE, "category": "sports"},
          f"/v2/models/{MODEL}/infer": INFER}  # fmt: skip
GET = sorted(
    {
        path.replace("{name}", MODEL).replace("{version}", "champion").replace("{path:path}", "swagger-ui-bundle.js")
        for method, path, _ in PERMISSIONS
        if method == "GET" and path not in ("/docs/oauth2-redirect", "/monitor", "/model/versions")
    }
)


@pytest.mark.parametrize("path", BODIES)
def test_a_slash_at_the_end_loses_no_body(path: str, api: Api) -> None:
    response = api.post(f"{path}/", json=BODIES[path])
    assert response.status_code == api.post(path, json=BODIES[path]).status_code or path == "/feedback"
    assert response.is_success
    assert response.history == []


@pytest.mark.parametrize("path", GET)
def test_a_slash_at_the_end_changes_nothing(path: str, api: Api) -> None:
    assert api.get(f"{path.rstrip('/')}/").status_code == api.get(path).status_code == 200


def test_lines_are_taken_with_a_slash_as_well(api: Api) -> None:
    response = api.post("/predict/batch/", content=b'{"text": "x"}\n', headers={"Content-Type": "application/x-ndjson"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/x-ndjson"


@pytest.mark.parametrize("path", ["/predict//", "//predict", "/nowhere/", "/"])
def test_any_other_path_is_none(path: str, api: Api) -> None:
    assert api.post(path, json=BODIES["/predict"]).status_code == 404


def test_what_can_be_got_has_a_head(tmp_path: Path) -> None:
    with listening(create_app(service_of(settings_in(tmp_path), predictor()))) as address:
        for path in GET:
            got, head = httpx.get(address + path), httpx.head(address + path)
            assert (head.status_code, head.content) == (got.status_code, b""), path
            assert got.status_code == 200, path
            assert head.headers["content-type"] == got.headers["content-type"]


def test_what_cannot_be_got_has_none(api: Api) -> None:
    assert api.call("HEAD", "/predict").status_code == 405
    assert api.call("HEAD", "/nowhere").status_code == 404


def test_heads_are_counted_under_their_path(api: Api) -> None:
    api.call("HEAD", "/metrics")
    assert api.metric("api_requests_total", method="HEAD", endpoint="/metrics", status="200") == 1
