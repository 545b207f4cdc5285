"""Health, readiness, metrics, and what every answer carries: ids, traces, headers, permission for other origins."""

import logging
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.api.builders import HEADLINE, MARK, Api, code_of, request_lines, running

JSON = {"Content-Type": "application/json"}
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
ANSWERS: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "a prediction": ("POST", "/predict", {"json": {"text": HEADLINE}}, 200),
    "lines": ("POST", "/predict/batch", {"content": b"", "headers": {"Content-Type": "application/jsonl"}}, 200),
    "health": ("GET", "/health", {}, 200),
    "health, head only": ("HEAD", "/health", {}, 200),
    "metrics": ("GET", "/metrics", {}, 200),
    "a page": ("GET", "/docs", {}, 200),
    "a script": ("GET", "/static-offline-docs/swagger-ui-bundle.js", {}, 200),
    "invalid input": ("POST", "/predict", {"json": {"text": "short"}}, 400),
    "an unknown path": ("GET", "/nowhere", {}, 404),
    "a wrong method": ("GET", "/predict", {}, 405),
    "a large body": ("POST", "/predict", {"content": b"x" * 9_000_000, "headers": JSON}, 413),
}
NEW_ID = "[0-9a-f-]{32,36}"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(("method", "path", "request_", "status"), ANSWERS.values(), ids=ANSWERS)
def test_every_answer_carries_the_security_headers_once_and_an_id(
    method: str, path: str, request_: dict[str, Any], status: int, api: Api
) -> None:
    response = api.call(method, path, **request_)
    assert response.status_code == status
    for name, value in SECURITY_HEADERS.items():
        assert response.headers.get_list(name) == [value]
    (policy,) = response.headers.get_list("content-security-policy")
    is_page = response.headers.get("content-type", "").startswith("text/html")
    assert policy.startswith("default-src 'self'" if is_page else "default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert re.fullmatch(NEW_ID, response.headers["x-request-id"])
    assert "access-control-allow-origin" not in response.headers
    assert "server" not in response.headers


def test_a_request_keeps_the_id_that_it_came_with(api: Api) -> None:
    for text in (HEADLINE, "short"):
        response = api.post("/predict", json={"text": text}, headers={"X-Request-ID": "desk-7_a.b"})
        assert response.headers["x-request-id"] == "desk-7_a.b"
    assert response.json()["request_id"] == "desk-7_a.b"


@pytest.mark.parametrize("given", ["", "a b", "a" * 65, f"{MARK}<script>", "a;b", "ä"])
def test_an_id_that_is_none_gives_way_to_a_new_one(given: str, api: Api) -> None:
    response = api.get("/health", headers={"X-Request-ID": given.encode()})
    assert re.fullmatch(NEW_ID, response.headers["x-request-id"])
    assert response.headers["x-request-id"] != given


def test_a_request_without_an_id_gets_one_of_its_own(api: Api) -> None:
    assert len({api.get("/health").headers["x-request-id"] for _ in range(20)}) == 20


def test_a_trace_goes_on_in_the_answer_and_in_the_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    parent = f"00-{TRACE}-b7ad6b7169203331-01"
    response = api.get("/health", headers={"traceparent": parent})
    found = re.fullmatch("00-([0-9a-f]{32})-([0-9a-f]{16})-01", response.headers["traceparent"])
    assert found
    assert found[1] == TRACE
    assert found[2] != "b7ad6b7169203331"
    (line,) = request_lines(api, caplog)
    assert (line["trace_id"], line["request_id"]) == (TRACE, response.headers["x-request-id"])


@pytest.mark.parametrize(
    "parent",
    [
        MARK,
        f"00-{TRACE}-b7ad6b7169203331",
        f"01-{TRACE}-b7ad6b7169203331-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-b7ad6b7169203331-01",
    ],
)
def test_a_trace_that_is_none_is_left_out(parent: str, api: Api) -> None:
    assert "traceparent" not in api.get("/health", headers={"traceparent": parent}).headers


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_a_probe_may_ask_for_the_head_alone(path: str, api: Api) -> None:
    response = api.call("HEAD", path)
    assert response.status_code == 200


def test_with_a_model_the_server_is_ready(api: Api) -> None:
    response = api.get("/ready")
    assert (response.status_code, response.json()) == (200, {"ready": True})


def test_without_a_model_the_server_says_so_and_answers_all_else(tmp_path: Path) -> None:
    with running(tmp_path, without_model=True) as api:
        health = api.get("/health")
        assert health.status_code == 503
        assert (health.json()["status"], health.json()["model_type"], health.json()["model_version"]) == (
            "unavailable",
            None,
            None,
        )
        assert health.json()["problems"]
        assert api.call("HEAD", "/health").status_code == 503
        ready = api.get("/ready")
        assert (ready.status_code, ready.json()) == (503, {"ready": False})
        for path, body in (
            ("/predict", {"text": HEADLINE}),
            ("/predict/batch", {"texts": [HEADLINE]}),
            ("/explain", {"text": HEADLINE}),
            ("/predict", {"text": HEADLINE, "model": "champion"}),
        ):
            response = api.post(path, json=body)
            assert (response.status_code, code_of(response)) == (503, "no_model")
        assert code_of(api.get("/model/info")) == "no_model"
        assert api.get("/metrics").status_code == 200
        assert api.get("/openapi.json").status_code == 200
        assert api.post("/feedback", json={"text": HEADLINE, "category": "sports"}).status_code == 201


def test_metrics_are_what_prometheus_reads(api: Api) -> None:
    api.predict()
    api.post("/predict", json={"text": "short"})
    response = api.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    samples = [sample for family in text_string_to_metric_families(response.text) for sample in family.samples]
    counted = {
        (sample.labels["endpoint"], sample.labels["status"]): sample.value
        for sample in samples
        if sample.name == "api_requests_total"
    }
    assert counted == {("/predict", "200"): 1, ("/predict", "400"): 1}


def test_what_a_caller_makes_up_becomes_no_label(api: Api) -> None:
    for number in range(5):
        api.call(f"{MARK.upper()}{number}", "/predict")
        api.get(f"/{MARK}{number}")
        api.get(f"/v2/models/{MARK}{number}")
        api.get("/health", params={MARK: number})
    text = api.get("/metrics").text
    assert MARK.casefold() not in text.casefold()
    assert 'endpoint="unmatched"' in text
    assert 'endpoint="/v2/models/{name}"' in text


def test_other_origins_get_no_permission_unless_they_are_named(tmp_path: Path) -> None:
    with running(tmp_path / "off") as api:
        assert "access-control-allow-origin" not in crossing(api, "https://desk.example").headers
        assert preflight(api, "https://desk.example").status_code == 405
    with running(tmp_path / "on", API_CORS_ORIGINS="https://desk.example, https://wire.example") as api:
        for origin in ("https://desk.example", "https://wire.example"):
            response = crossing(api, origin)
            assert response.headers["access-control-allow-origin"] == origin
            assert "access-control-allow-credentials" not in response.headers
            assert preflight(api, origin).status_code == 200
        assert "access-control-allow-origin" not in crossing(api, "https://other.example").headers
        assert preflight(api, "https://other.example").status_code == 400


def test_an_origin_may_be_named_as_it_stands_in_the_address_bar(tmp_path: Path) -> None:
    with running(tmp_path, API_CORS_ORIGINS="https://Desk.example:443/") as api:
        response = crossing(api, "https://desk.example")
    assert response.headers["access-control-allow-origin"] == "https://desk.example"


def test_an_origin_that_is_named_may_also_read_failures(tmp_path: Path) -> None:
    with running(tmp_path, API_CORS_ORIGINS="https://desk.example") as api:
        response = api.post("/predict", json={"text": "short"}, headers={"Origin": "https://desk.example"})
    assert (response.status_code, code_of(response)) == (400, "text_too_short")
    assert response.headers["access-control-allow-origin"] == "https://desk.example"


def crossing(api: Api, origin: str) -> httpx.Response:
    return api.post("/predict", json={"text": HEADLINE}, headers={"Origin": origin})


def preflight(api: Api, origin: str) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
    return api.call("OPTIONS", "/predict", headers=asked)


def test_a_loss_that_is_over_is_not_told_for_ever(api: Api) -> None:
    api.service._count_log_event("dropped", 3)
    told = api.get("/health").json()
    assert (told["status"], told["problems"]) == ("degraded", ["predictions_lost: 0 predictions could not be logged"])
    assert api.service._lost_at
    api.service._lost_at -= 601
    told = api.get("/health").json()
    assert (told["status"], told["problems"]) == ("healthy", [])
