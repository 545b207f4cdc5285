"""What a server that is not to be trusted may answer; that the real one is understood, `tests/stack` shows."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from newsdesk.errors import RegistryError
from newsdesk.registry.rest_registry import RestRegistry
from newsdesk.registry.version import describe
from tests.builders import settings_in
from tests.unit.registry.loopback import Answer, answering, say

MODEL = {"registered_model": {"name": "news-classifier", "aliases": [{"alias": "champion", "version": "2"}]}}
VERSION = {"name": "news-classifier", "version": "2", "creation_timestamp": 1_700_000_000_000}


def serving(routes: dict[str, Any]) -> Answer:
    """Answer by the first part of the path that is known; MLflow's 404 for all else."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        for part, content in routes.items():
            if part in request.path:
                say(json.dumps(content).encode())(request)
                return
        say(b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "nothing here"}', status=404)(request)

    return answer


def registry(address: str) -> RestRegistry:
    return RestRegistry(settings_in(Path(), MLFLOW_TRACKING_URI=address))


def test_before_anything_is_registered_there_are_no_versions_and_nobody_in_charge() -> None:
    with answering(serving({})) as server:
        assert registry(server.address).versions() == []
        assert registry(server.address).holder("champion") is None


def test_all_pages_are_read() -> None:
    pages = {
        "page_token=second": {"model_versions": [VERSION | {"version": "3"}]},
        "model-versions/search": {"model_versions": [VERSION], "next_page_token": "second"},
        "registered-models/get": MODEL,
    }
    with answering(serving(pages)) as server:
        versions = registry(server.address).versions()
    assert versions == [describe(3, 1_700_000_000_000, {}, {}), describe(2, 1_700_000_000_000, {}, {"champion": 2})]


def test_pages_without_end_are_given_up() -> None:
    routes = {"search": {"model_versions": [], "next_page_token": "more"}, "registered-models/get": MODEL}
    with answering(serving(routes)) as server, pytest.raises(RegistryError, match="pages without end"):
        registry(server.address).versions()


@pytest.mark.parametrize(
    "version",
    [
        {},
        VERSION | {"version": "../2"},
        VERSION | {"version": "-1"},
        VERSION | {"creation_timestamp": 10**18},
        VERSION | {"creation_timestamp": float("nan")},
        VERSION | {"tags": {"digest": "sha256:0"}},
        VERSION | {"tags": [{"key": 1}]},
    ],
)
@pytest.mark.parametrize("read", [RestRegistry.versions, lambda registry: registry.holder("champion")])
def test_a_version_that_makes_no_sense_is_refused(version: dict[str, Any], read: Callable[[RestRegistry], Any]) -> None:
    routes = {
        "registered-models/get": MODEL,
        "model-versions/get": {"model_version": version},
        "search": {"model_versions": [version]},
    }
    with answering(serving(routes)) as server, pytest.raises(RegistryError, match="does not answer as MLflow does"):
        read(registry(server.address))


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "MLmodel", "model.pkl"])
def test_nothing_but_a_bundles_files_is_asked_for(name: str) -> None:
    with answering(serving({})) as server:
        with pytest.raises(RegistryError, match="is not fetched"):
            registry(server.address).download(describe(1, 0, {}, {}), name)
        assert server.requests == []


def test_an_alias_that_nobody_holds_need_not_be_taken_away() -> None:
    with answering(serving({"registered-models/get": MODEL})) as server:
        registry(server.address).set_alias("challenger", None)
        assert [method for method, _, _ in server.requests] == ["GET"]
