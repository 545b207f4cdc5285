"""Promoting and rolling back while a real server is kept busy: no request fails, every answer is one model's."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from newsdesk.pipeline.promoter import Promoter
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from tests.builders import settings_in
from tests.stack.load import Known, Tally, known_answers, marked_texts, under_load
from tests.stack.running import Server, column, predictor, register, serving
from tests.stack.servers import mlflow_server, postgresql
from tests.waiting import eventually

pytestmark = pytest.mark.stack

SECONDS = 60 if os.environ.get("NEWSDESK_LONG_TESTS") else 20
CHANGES = 50 * SECONDS // 60
ALPHAS = {"1": 1.0, "2": 0.1}  # of the versions


@pytest.fixture(scope="module")
def known() -> Known:
    return known_answers({version: predictor(alpha) for version, alpha in ALPHAS.items()}, marked_texts())


@pytest.fixture(scope="module")
def database(programs: Path) -> Iterator[str]:
    with postgresql(programs) as address:
        yield address


def change_all_the_time(change: Callable[[int], str], server: Server) -> None:
    """Spread the changes over the time. Each names the version that is in charge after it, which answers soon."""
    begun = time.monotonic()
    for number in range(CHANGES):
        version = change(number)
        eventually(lambda: server.get("/model/info")["version"] == version, f"version {version} answers")  # noqa: B023
        time.sleep(max(0.0, begun + (number + 1) * SECONDS / CHANGES - time.monotonic()))


def check(how: str, seconds: float, tally: Tally, server: Server, known: Known) -> None:
    tally.check(f"{how}: {CHANGES} changes in {seconds:.0f} s, {len(tally.predictions) / seconds:.0f} predictions/s")
    assert tally.retried == 0
    assert tally.answers.keys() == known.keys()
    assert min(tally.answers.values()) > 100
    assert server.metric("model_swaps_total", result="swapped") == CHANGES
    assert server.metric("model_swaps_total") == CHANGES
    assert server.metric("predictions_total") == len(tally.predictions)
    assert server.get("/health")["problems"] == []


def test_promoting_and_rolling_back_over_http_breaks_no_request(tmp_path: Path, database: str, known: Known) -> None:
    with mlflow_server(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path) as mlflow:
        trainer = settings_in(tmp_path / "trainer", MLFLOW_TRACKING_URI=mlflow)
        for alpha in ALPHAS.values():
            register(trainer, alpha)
        MlflowRegistry(trainer).set_alias("champion", "1")
        addresses = {"MLFLOW_TRACKING_URI": mlflow, "NEWSDESK_DATABASE_URL": database}
        settings = addresses | {"PREDICTION_CACHE_SIZE": "50", "MODEL_REFRESH_INTERVAL": "0.5"}
        with serving(tmp_path, tmp_path / "var", **settings) as server:
            begun = time.monotonic()
            with under_load(server.port, known, pause=0.01) as tally:  # leaves the processors to the change, too
                change_all_the_time(lambda number: promote_or_roll_back(server, number), server)
            check("over HTTP, with an MLflow server and PostgreSQL", time.monotonic() - begun, tally, server, known)
    assert sorted(column(database, "predictions")) == sorted(tally.predictions)
    store = open_store(database)
    assert [entry.decision for entry in entries(store)] == ["promoted", "rolled back"] * (CHANGES // 2)
    store.dispose()


def promote_or_roll_back(server: Server, number: int) -> str:
    """To version 2 and back again. The one who asked is answered by the version that was put in charge."""
    path, body = ("/model/promote", {"version": "2"}) if number % 2 == 0 else ("/model/rollback", {})
    changed = server.post(path, json=body)
    assert changed.status_code == 200, changed.text
    champion = str(changed.json()["champion"])
    assert champion == ("2" if number % 2 == 0 else "1")
    assert server.get("/model/info")["version"] == champion
    return champion


def test_promoting_and_rolling_back_embedded_breaks_no_request(tmp_path: Path, known: Known) -> None:
    settings = settings_in(tmp_path)
    for alpha in ALPHAS.values():
        register(settings, alpha)
    shutil.rmtree(settings.bundles)  # the promotion brings them back
    store = open_store(settings.database)
    promotions = Promoter(settings, MlflowRegistry(settings), store, "a test")
    promotions.promote("1", "the first")
    speed = {"PREDICTION_CACHE_SIZE": "50", "MODEL_REFRESH_INTERVAL": "0.1"}
    with serving(tmp_path, settings.home, **speed) as server:
        begun = time.monotonic()
        with under_load(server.port, known) as tally:
            change_all_the_time(lambda number: change_embedded(promotions, number), server)
        check("embedded, in SQLite files", time.monotonic() - begun, tally, server, known)
    assert sorted(column(settings.database, "predictions")) == sorted(tally.predictions)
    store.dispose()


def change_embedded(promotions: Promoter, number: int) -> str:
    if number % 2 == 0:
        return promotions.promote("2", "better").version
    return promotions.rollback("worse")[1].version
