"""POST /model/promote and /model/rollback against a real embedded registry: each runs the real command."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.config.settings import Settings
from newsdesk.model.bundle_files import WEIGHTS
from newsdesk.model.predictor import Predictor
from newsdesk.registry.champion_pointer import read_champion_pointer
from newsdesk.registry.version import MODEL
from newsdesk.serving.model_loader import ModelReference
from tests.builders import fitted_bundle, settings_in
from tests.integration.api.builders import HEADLINE, code_of
from tests.serving import service_of, while_running
from tests.unit.registry.shelf import Shelf, open_shelf
from tests.waiting import PATIENCE

pytestmark = pytest.mark.stack


@pytest.fixture
def shelf(tmp_path: Path, empty_database: Path) -> Shelf:
    """Versions 1, 2 and a damaged 3 are registered; 1 is the champion."""
    shelf = open_shelf(tmp_path / "home", empty_database)
    for alpha in (1.0, 0.5, 0.25):
        shelf.put(fitted_bundle(MultinomialNB(alpha=alpha), per_category=10))
    (shelf.bundle("3") / WEIGHTS).write_bytes(b"nothing")
    shelf.client.set_registered_model_alias(MODEL, "champion", "1")
    return shelf


def patient(folder: Path) -> Settings:
    """A machine that is busy with other tests takes its time to start a command."""
    return settings_in(folder / "home", MODEL_REFRESH_INTERVAL="600", API_TIMEOUT="200")


async def predicted_by(client: httpx.AsyncClient) -> str:
    response = await client.post("/predict", json={"text": HEADLINE})
    assert response.status_code == 200
    return str(response.json()["model_version"])


def test_a_change_is_in_force_when_it_is_answered_and_there_is_a_way_back(shelf: Shelf, tmp_path: Path) -> None:
    first = Predictor(fitted_bundle(MultinomialNB(alpha=1.0), per_category=10))
    service = service_of(patient(tmp_path), first)

    async def use(client: httpx.AsyncClient) -> None:
        nowhere_to_go = await client.post("/model/rollback", json={})
        assert (nowhere_to_go.status_code, code_of(nowhere_to_go)) == (409, "change_refused")
        damaged = await client.post("/model/promote", json={"version": "3"})
        assert (damaged.status_code, code_of(damaged)) == (409, "change_refused")
        assert "Version 3 is refused" in damaged.json()["message"]
        assert await predicted_by(client) == "1"

        promoted = await client.post("/model/promote", json={"version": "2", "reason": "better on local politics"})
        assert promoted.status_code == 200
        assert list(promoted.json()) == ["champion", "replaced", "digest", "timestamp"]
        assert (promoted.json()["champion"], promoted.json()["replaced"]) == ("2", "1")
        assert await predicted_by(client) == "2"
        versions = (await client.get("/model/versions")).json()["versions"]
        assert {version["version"]: version["aliases"] for version in versions} == {
            "3": [],
            "2": ["champion"],
            "1": ["previous"],
        }

        back = await client.post("/model/rollback", json={"reason": "complaints"})
        assert (back.status_code, back.json()["champion"], back.json()["replaced"]) == (200, "1", "2")
        assert await predicted_by(client) == "1"

    while_running(service, use)
    pointer = read_champion_pointer(shelf.settings.bundles)
    assert pointer is not None
    assert pointer.version == "1"


def test_a_change_that_takes_longer_than_anybody_waits_is_told_so_and_ends(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Predictor(fitted_bundle(MultinomialNB(alpha=1.0), per_category=10))
    settings = settings_in(tmp_path / "home", MODEL_REFRESH_INTERVAL="600", API_TIMEOUT="1")
    service = service_of(settings, first)
    look_up = service.loader.version

    def slowly(number: str) -> ModelReference | None:
        time.sleep(0.5)
        return look_up(number)

    monkeypatch.setattr(service.loader, "version", slowly)

    async def use(client: httpx.AsyncClient) -> None:
        slow = await client.post("/model/promote", json={"version": "2"})
        assert (slow.status_code, slow.json()["status"]) == (202, "under way")
        assert await predicted_by(client) == "1"
        another = await client.post("/model/rollback", json={})
        assert (another.status_code, code_of(another)) == (409, "change_refused")
        assert "Nothing was done" in another.json()["message"]
        async with asyncio.timeout(PATIENCE):
            while await predicted_by(client) != "2":
                await asyncio.sleep(0.1)

    while_running(service, use)
    assert shelf.reader.version("2").aliases == ("champion",)
    assert shelf.reader.version("1").aliases == ("previous",)


def test_changes_at_once_come_one_after_another(shelf: Shelf, tmp_path: Path) -> None:
    first = Predictor(fitted_bundle(MultinomialNB(alpha=1.0), per_category=10))
    service = service_of(patient(tmp_path), first)

    async def use(client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(
            *(client.post("/model/promote", json={"version": version}) for version in ("2", "1"))
        )
        assert [answer.status_code for answer in answers] == [200, 200]
        replaced = {answer.json()["champion"]: answer.json()["replaced"] for answer in answers}
        assert replaced in ({"2": "1", "1": "2"}, {"1": None, "2": "1"})
        holder = shelf.reader.holder("champion")
        assert holder is not None
        assert await predicted_by(client) == holder.version

    while_running(service, use)
