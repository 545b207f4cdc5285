"""Replicas of the API behind nginx come and are killed under load: no client sees a request fail."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from newsdesk.config.settings import Settings
from newsdesk.model.predictor import Predictor
from newsdesk.registry.champion import find_champion
from tests.engine.engine import PYTHON, Engine, Stack
from tests.stack.load import Known, known_answers, marked_texts, under_load
from tests.stack.servers import free_port
from tests.waiting import eventually

pytestmark = pytest.mark.engine

LOAD = {"connections": 6, "pause": 0.01, "editors": 1}
FILES = ("compose.yaml", "compose.scale.yaml")


@pytest.fixture(scope="module")
def stack(engine: Engine) -> Iterator[Stack]:
    """One replica, and what it needs, with the model of the demonstration."""
    variables = {
        "API_PORT": str(free_port()),
        "MLFLOW_PORT": str(free_port()),
        "API_WORKERS": "1",
        "API_REPLICAS": "1",
        "COMPOSE_PROJECT_NAME": "newsdesk-scale-test",
    }
    running = Stack(engine, FILES, variables)
    try:
        scale(running, 1)
        running.compose("--profile", "demo", "run", "--rm", "-T", "demo")
        yield running
    finally:
        running.down()


@pytest.fixture(scope="module")
def known(stack: Stack, folder: Path) -> Known:
    """What the model of the demonstration answers, by its bundle."""
    home = folder / "home"
    home.mkdir()
    container = stack.inspected("api")[0]["Id"]
    ready = f"http://127.0.0.1:{stack.variables['API_PORT']}/ready"
    eventually(lambda: httpx.get(ready, timeout=10).status_code == 200, "the first replica has the model")
    stack.engine.run("docker", "cp", f"{container}:/var/lib/newsdesk/bundles", str(home))
    champion = find_champion(Settings.model_validate({"NEWSDESK_HOME": str(home)}))
    return known_answers({champion.version: Predictor(champion.bundle)}, marked_texts())


def scale(stack: Stack, replicas: int) -> None:
    stack.variables["API_REPLICAS"] = str(replicas)
    stack.compose("up", "-d", "--wait", "--wait-timeout", "300", "--no-build", "--no-recreate", "nginx", "api")


def predictions(stack: Stack, container: str) -> float:
    """How many one replica has made."""
    program = (
        "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/metrics', timeout=10).read().decode())"
    )
    told = stack.engine.run("docker", "exec", container, PYTHON, "-c", program)
    return sum(float(line.split()[-1]) for line in told.splitlines() if line.startswith("predictions_total{"))


def test_one_replica_becomes_three_under_load(stack: Stack, known: Known) -> None:
    """Told anew, nginx closes connections on which nothing is asked: a client may have to open another."""
    port = int(stack.variables["API_PORT"])
    with under_load(port, known, may_retry=True, **LOAD) as tally:
        tally.wait_for_feedback()
        scale(stack, 3)
        replicas = [told["Id"] for told in stack.inspected("api")]
        assert len(replicas) == 3
        eventually(lambda: all(predictions(stack, one) > 20 for one in replicas), "each has its share")
    tally.check("1 → 3 replicas")


def test_of_three_replicas_one_is_killed_under_load_and_no_request_fails(stack: Stack, known: Known) -> None:
    port = int(stack.variables["API_PORT"])
    victim = stack.inspected("api")[1]["Id"]
    with under_load(port, known, **LOAD) as tally:
        tally.wait_for_feedback()
        stack.engine.run("docker", "kill", victim)
        tally.wait_for_feedback(100)
    tally.check("one of three replicas killed")
    assert tally.retried == 0
    assert len(tally.predictions) > 500
