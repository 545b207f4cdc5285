"""What the pipelines announce reaches Alertmanager wherever there is one, and says where to read on."""

import re
from pathlib import Path

import pytest
import yaml

from deploy.local import airflow_services
from deploy.local.ports import Ports
from deploy.local.stack import Passwords, Stack

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("file", ["compose.yaml", "compose.prod.yaml"])
def test_under_compose_tasks_know_the_alertmanager(file: str) -> None:
    services = yaml.safe_load((ROOT / file).read_text("utf-8"))["services"]
    for name in ("airflow-scheduler", "airflow-dag-processor"):
        assert services[name]["environment"]["NEWSDESK_ALERTMANAGER_URL"] == "http://alertmanager:9093"
    assert "alertmanager" in services


def test_in_the_local_stack_tasks_know_the_alertmanager(tmp_path: Path) -> None:
    stack = Stack(
        home=tmp_path, ports=Ports(alertmanager=19093), replicas=(), with_airflow=True, passwords=Passwords.new()
    )
    told = airflow_services._airflow(stack, {}).environment
    assert told["NEWSDESK_ALERTMANAGER_URL"] == "http://127.0.0.1:19093"


def test_the_runbook_of_an_announcement_is_a_heading() -> None:
    source = (ROOT / "dags" / "newsdesk_dags" / "announce.py").read_text("utf-8")
    (page, anchor) = re.findall(r'"/(docs/\w+\.md)#([\w-]+)"', source)[0]
    headings = re.findall(r"^## (.+)$", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE)
    assert anchor in [heading.lower().replace(" ", "-") for heading in headings]
