"""Which models there are, and asking one of them, with a real embedded registry on disk."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import WEIGHTS
from newsdesk.model.predictor import Predictor
from newsdesk.registry.version import MODEL
from tests.integration.api.builders import HEADLINE, Api, code_of, running
from tests.unit.registry.shelf import Shelf, open_shelf


@pytest.fixture
def shelf(tmp_path: Path, empty_database: Path, first: Bundle, second: Bundle) -> Shelf:
    """Versions 1 and 2 are registered; 1 is the champion."""
    shelf = open_shelf(tmp_path, empty_database)
    shelf.put(first)
    shelf.put(second)
    name(shelf, "champion", "1")
    return shelf


@pytest.fixture
def api(tmp_path: Path, shelf: Shelf, first: Bundle) -> Iterator[Api]:
    with running(tmp_path, Predictor(first), MODEL_REFRESH_INTERVAL="600") as api:
        api.runner.run(api.service.alias_watcher.poll())
        yield api


def name(shelf: Shelf, alias: str, version: str) -> None:
    shelf.client.set_registered_model_alias(MODEL, alias, version)


def test_versions_are_listed_newest_first_with_their_aliases(api: Api, shelf: Shelf, second: Bundle) -> None:
    name(shelf, "challenger", "2")
    response = api.get("/model/versions")
    assert response.status_code == 200
    new, old = response.json()["versions"]
    assert list(new) == [
        "version",
        "digest",
        "model_type",
        "dataset_version",
        "accuracy",
        "registered_at",
        "aliases",
    ]
    assert (new["version"], new["digest"], new["aliases"]) == ("2", second.digest, ["challenger"])
    assert (old["version"], old["accuracy"], old["aliases"]) == ("1", 0.9, ["champion"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", old["registered_at"])


def test_without_a_registry_there_are_no_versions(tmp_path: Path) -> None:
    with running(tmp_path / "alone") as alone:
        response = alone.get("/model/versions")
    assert (response.status_code, response.json()) == (200, {"versions": []})


def test_a_version_that_other_hands_registered_is_listed_all_the_same(api: Api, shelf: Shelf) -> None:
    shelf.client.create_model_version(MODEL, "somewhere")
    response = api.get("/model/versions")
    assert response.status_code == 200
    newest = response.json()["versions"][0]
    assert (newest["version"], newest["digest"], newest["accuracy"]) == ("3", "", None)


def test_any_registered_version_may_be_asked_by_its_number(api: Api, second: Bundle) -> None:
    body = api.predict(model="2")
    assert (body["model_version"], body["digest"]) == ("2", second.digest)
    assert body["probabilities"] == pytest.approx(Predictor(second).predict(HEADLINE).probabilities, abs=1e-12)
    assert api.predict()["model_version"] == "1"
    for path, ask in (("/predict/batch", {"texts": [HEADLINE]}), ("/explain", {"text": HEADLINE})):
        assert api.post(path, json=ask | {"model": "2"}).json()["digest"] == second.digest


def test_the_challenger_may_be_asked_outside_of_an_experiment(api: Api, shelf: Shelf) -> None:
    assert api.post("/predict", json={"text": HEADLINE, "model": "challenger"}).status_code == 404
    name(shelf, "challenger", "2")
    assert api.predict(model="challenger")["model_version"] == "2"


def test_a_version_that_is_not_registered_is_told(api: Api) -> None:
    for path, body in (("/predict", {"text": HEADLINE, "model": "9"}), ("/model/promote", {"version": "9"})):
        response = api.post(path, json=body)
        assert response.status_code == 404
        assert code_of(response) in ("unknown_model", "unknown_version")


def test_a_damaged_version_is_told_and_the_champion_goes_on(api: Api, shelf: Shelf) -> None:
    (shelf.bundle("2") / WEIGHTS).write_bytes(b"nothing")
    response = api.post("/predict", json={"text": HEADLINE, "model": "2"})
    assert (response.status_code, code_of(response)) == (409, "damaged_model")
    assert api.predict()["model_version"] == "1"


def test_while_the_registry_is_away_the_champion_answers_and_all_else_is_told(api: Api, shelf: Shelf) -> None:
    shelf.database.write_bytes(b"no database" * 1000)
    assert api.predict()["model_version"] == "1"
    assert api.predict(model="1")["model_version"] == "1"
    response = api.post("/predict", json={"text": HEADLINE, "model": "2"})
    assert (response.status_code, code_of(response)) == (503, "registry_unavailable")
    listed = api.get("/model/versions")
    assert (listed.status_code, code_of(listed)) == (503, "registry_unavailable")
    assert api.get("/health").json()["status"] == "healthy"
    api.runner.run(api.service.alias_watcher.poll())
    health = api.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "degraded")
    assert "cannot be read" in health.json()["problems"][0]


def test_a_swap_shows_in_health_info_and_metrics(api: Api, shelf: Shelf, first: Bundle, second: Bundle) -> None:
    assert told(api, "1", first) == 1
    name(shelf, "champion", "2")
    api.runner.run(api.service.alias_watcher.poll())
    assert api.predict()["model_version"] == "2"
    assert api.get("/health").json()["model_version"] == "2"
    assert api.get("/model/info").json()["digest"] == second.digest
    assert told(api, "2", second) == 1
    assert told(api, "1", first) == 0
    assert api.metric("model_swaps_total", result="swapped") == 1


def told(api: Api, version: str, bundle: Bundle) -> float:
    """Whether the metrics say that a version is in charge."""
    return api.metric("model_info", version=version, digest=bundle.digest, model_type="MultinomialNB")


def test_a_refused_bundle_shows_in_health_and_metrics(api: Api, shelf: Shelf) -> None:
    (shelf.bundle("2") / WEIGHTS).write_bytes(b"nothing")
    shutil.rmtree(shelf.settings.bundles, ignore_errors=True)
    name(shelf, "champion", "2")
    api.runner.run(api.service.alias_watcher.poll())
    health = api.get("/health").json()
    assert (health["status"], health["model_version"]) == ("degraded", "1")
    assert "Version 2 does not take over" in health["problems"][0]
    assert api.metric("model_swaps_total", result="refused") == 1
    assert api.predict()["model_version"] == "1"


@pytest.mark.parametrize("path", ["/model/promote", "/model/rollback"])
@pytest.mark.parametrize(
    "body",
    [{"version": 2}, {"version": "latest"}, {"version": "-1"}, {"version": "2; x"}, {"reason": ""}, {"reason": "a\0b"}],
    ids=str,
)
def test_a_change_that_cannot_be_is_refused(path: str, body: dict[str, str], api: Api) -> None:
    response = api.post(path, json=body)
    assert (response.status_code, code_of(response)) == (400, "invalid_input")
