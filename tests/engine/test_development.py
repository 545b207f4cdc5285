"""compose.yaml on a real engine: everything comes up healthy, and the quick start answers as it promises."""

from collections.abc import Iterator
from itertools import pairwise

import httpx
import pytest

from tests.engine.engine import Engine, Stack
from tests.stack.servers import free_port
from tests.waiting import eventually

pytestmark = pytest.mark.engine
PORTS = ("API_PORT", "AIRFLOW_PORT", "MLFLOW_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT", "GRAFANA_PORT")
QUESTION = {"text": "Apple unveils revolutionary new AI chip for machine learning"}


@pytest.fixture(scope="module")
def stack(engine: Engine) -> Iterator[Stack]:
    """All of development but Grafana, whose image cannot be had everywhere."""
    ports = {name: str(free_port()) for name in PORTS}
    running = Stack(engine, ("compose.yaml",), ports | {"API_WORKERS": "1", "COMPOSE_PROJECT_NAME": "newsdesk-test"})
    try:
        running.up("grafana")
        yield running
    finally:
        running.down()


def at(stack: Stack, port: str, path: str = "/") -> str:
    return f"http://127.0.0.1:{stack.variables[port]}{path}"


def test_every_service_is_healthy_or_has_ended_well(stack: Stack) -> None:
    for service, told in stack.containers().items():
        state = told["State"]
        assert state["Status"] == "running" or state["ExitCode"] == 0, service
        assert state.get("Health", {}).get("Status", "healthy") == "healthy", service


def test_the_pages_of_the_quick_start_answer(stack: Stack) -> None:
    pages = [("API_PORT", "/docs"), *((port, "/") for port in PORTS[1:5])]
    for port, path in pages:
        assert httpx.get(at(stack, port, path), follow_redirects=True, timeout=30).status_code == 200, port


def test_every_target_of_prometheus_is_up(stack: Stack) -> None:
    def all_up() -> bool:
        answer = httpx.get(at(stack, "PROMETHEUS_PORT", "/api/v1/targets"), timeout=30).json()["data"]["activeTargets"]
        return len(answer) >= 8 and {target["health"] for target in answer} == {"up"}

    eventually(all_up, "every target is up")


def test_the_first_prediction_is_answered_after_the_demo_has_trained(stack: Stack) -> None:
    stack.compose("--profile", "demo", "run", "--rm", "-T", "demo")

    eventually(lambda: httpx.get(at(stack, "API_PORT", "/health"), timeout=30).status_code == 200, "a model is served")
    answer = httpx.post(at(stack, "API_PORT", "/predict"), json=QUESTION, timeout=30)

    assert answer.status_code == 200
    assert answer.json()["prediction"] == "technology"


def test_no_process_names_a_password(stack: Stack) -> None:
    for service, told in stack.containers().items():
        if told["State"]["Status"] == "running":
            shown = stack.engine.run("docker", "top", told["Id"], "-eo", "pid,args")
            assert ":airflow@" not in shown, service
            assert ":mlflow@" not in shown, service
            assert ":newsdesk@" not in shown, service


def test_images_hold_a_list_of_parts_and_no_package_installer(engine: Engine) -> None:
    for image in ("newsdesk", "newsdesk-train", "newsdesk-mlflow", "newsdesk-airflow"):
        found = engine.run(
            "docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c",
            "ls /usr/share/sbom; command -v pip pip3 gcc cc make || true; id -u",
        ).split()  # fmt: skip
        assert found[-1] == "1000", image
        assert all(name.endswith(".cdx.json") for name in found[:-1]), found


def test_layers_grow_from_small_to_large(engine: Engine) -> None:
    sizes = [engine.inspect(image)["Size"] for image in ("newsdesk", "newsdesk-train", "newsdesk-airflow")]
    assert all(small < large for small, large in pairwise(sizes))
