"""A real server follows the registry of a real MLflow server that goes away, comes back, and is tampered with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsdesk.config.settings import Settings
from newsdesk.registry.mlflow_registry import MlflowRegistry
from tests.builders import settings_in
from tests.stack.hostile_artifacts import ATTACKS, Attack
from tests.stack.load import Known, known_answers, marked_texts, under_load
from tests.stack.running import fitted, predictor, register, serving
from tests.stack.servers import MlflowServer, stoppable_mlflow_server
from tests.waiting import eventually

pytestmark = pytest.mark.stack

ALPHAS = {"1": 1.0, "2": 0.1}  # of the versions that are no attack


@pytest.fixture(scope="module")
def known() -> Known:
    return known_answers({version: predictor(alpha) for version, alpha in ALPHAS.items()}, marked_texts())


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MlflowServer, Settings, Path]]:
    """An MLflow server with two good versions, settings of who registers there, and the folder of the artifacts."""
    folder = tmp_path_factory.mktemp("mlflow")
    with stoppable_mlflow_server(f"sqlite:///{folder / 'mlflow.db'}", folder) as server:
        trainer = settings_in(folder, MLFLOW_TRACKING_URI=server.address)
        for alpha in ALPHAS.values():
            register(trainer, alpha)
        yield server, trainer, folder / "artifacts"


def test_while_mlflow_is_away_the_model_answers_and_afterwards_the_champion_is_followed_again(
    tmp_path: Path, mlflow: tuple[MlflowServer, Settings, Path], known: Known
) -> None:
    registry, trainer, _ = mlflow
    MlflowRegistry(trainer).set_alias("champion", "1")
    settings = {"MLFLOW_TRACKING_URI": registry.address, "MODEL_REFRESH_INTERVAL": "0.3"}
    with (
        serving(tmp_path, tmp_path / "var", **settings) as server,
        under_load(server.port, known, pause=0.02, editors=1) as tally,
    ):
        assert server.is_healthy()
        registry.stop()
        eventually(lambda: "does not answer" in server.problem(), "health tells of it")
        assert server.get("/health")["status"] == "degraded"
        assert server.get("/ready") == {"ready": True}
        refused = server.post("/model/promote", json={"version": "2"})
        assert (refused.status_code, refused.json()["code"]) == (503, "registry_unavailable")
        registry.start()
        eventually(server.is_healthy, "MLflow is back")
        assert server.post("/model/promote", json={"version": "2"}).json()["champion"] == "2"
        tally.wait_for_feedback()
        assert server.get("/model/info")["version"] == "2"
    tally.check("MLflow away and back")
    assert tally.retried == 0
    assert tally.answers.keys() == known.keys()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_a_registered_version_that_was_tampered_with_never_takes_over(
    tmp_path: Path, mlflow: tuple[MlflowServer, Settings, Path], known: Known, attack: Attack
) -> None:
    registry, trainer, artifacts = mlflow
    aliases, canary = MlflowRegistry(trainer), tmp_path / "canary"
    aliases.set_alias("champion", "1")
    alpha = 0.2 + ATTACKS.index(attack) / 100
    version = register(trainer, alpha)
    (manifest,) = (
        file for file in artifacts.rglob("bundle.json") if fitted(alpha)[1].digest.encode() in file.read_bytes()
    )
    attack(manifest.parent, canary)
    settings = {"MLFLOW_TRACKING_URI": registry.address, "MODEL_REFRESH_INTERVAL": "0.2"}
    with serving(tmp_path, tmp_path / "var", **settings) as server:
        with under_load(server.port, known, connections=2, pause=0.01) as tally:
            aliases.set_alias("champion", version)
            eventually(lambda: f"Version {version}" in server.problem(), "health names the version")
            eventually(lambda: len(tally.predictions) > 100, "predictions go on")
            refused = server.post("/model/promote", json={"version": version})
            assert (refused.status_code, refused.json()["code"]) == (409, "change_refused")
            assert server.get("/health")["status"] == "degraded"
        assert server.metric("model_swaps_total", result="refused") == 1
        assert server.metric("model_swaps_total", result="swapped") == 0
    tally.check(attack.__name__)
    assert {answered for answered, _ in tally.answers} == {"1"}
    with serving(tmp_path, tmp_path / "var", **settings) as server:
        assert server.get("/model/info")["version"] == "1"
    assert not canary.exists()
