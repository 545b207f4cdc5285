"""`make stack` with Airflow: the tasks find the newsdesk command, and the exporter tells how the pipelines do."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.ports import HOST
from deploy.local.programs import NEEDED
from tests.stack.local_stack import LocalStack, local_stack, run
from tests.stack.monitoring_servers import require
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def up(programs: Path, missing: Callable[[str], None]) -> Iterator[LocalStack]:
    require(missing, *NEEDED)
    with local_stack("--replicas", "1") as running:
        print(f"\n{(running.home / 'up.log').read_text(encoding='utf-8')}")
        yield running


def test_every_part_of_airflow_works_on_postgresql(up: LocalStack) -> None:
    def parts() -> dict[str, bool]:
        said = json.loads(run("status", "--json", "--home", str(up.home)).stdout)  # it fails until all work
        return {one["name"]: one["works"] for one in said if one["name"].startswith("airflow")}

    # A part works once Airflow has its first heartbeat, which a busy machine delays.
    working = {"airflow-api-server": True, "airflow-scheduler": True, "airflow-dag-processor": True}
    eventually(lambda: parts() == working)


def test_its_user_enters_with_the_password_of_the_stack(up: LocalStack) -> None:
    login = {"username": "admin", "password": up.stack.passwords.airflow_admin}
    answer = httpx.post(f"{up.stack.airflow_address}/auth/token", json=login, timeout=PATIENCE)
    assert answer.status_code == 201
    wrong = httpx.post(f"{up.stack.airflow_address}/auth/token", json=login | {"password": "x"}, timeout=PATIENCE)
    assert wrong.status_code == 401


def test_the_exporter_reaches_it(up: LocalStack) -> None:
    metrics = f"http://{HOST}:{up.stack.ports.exporter}/metrics"
    eventually(lambda: 'exporter_source_up{source="airflow"} 1' in httpx.get(metrics, timeout=PATIENCE).text)
