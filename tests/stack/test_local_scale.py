"""Servers of the API behind nginx come, are killed and are restarted under load: no client sees a request fail."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import HOST, is_free
from deploy.local.programs import NEEDED
from deploy.local.services import api_name, newsdesk_environment
from newsdesk.config.settings import Settings
from newsdesk.model.predictor import Predictor
from newsdesk.registry.champion import find_champion
from tests.stack.load import Known, known_answers, marked_texts, under_load
from tests.stack.local_stack import LocalStack, kill, local_stack
from tests.stack.monitoring_servers import require
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.stack

LOAD = {"connections": 6, "pause": 0.01, "editors": 1}


@pytest.fixture(scope="module")
def up(programs: Path, missing: Callable[[str], None]) -> Iterator[LocalStack]:
    require(missing, *NEEDED)
    with local_stack("--no-airflow", "--replicas", "1") as running:
        yield running


@pytest.fixture(scope="module")
def known(up: LocalStack) -> Known:
    champion = find_champion(Settings.model_validate(newsdesk_environment(up.stack)))
    return known_answers({champion.version: Predictor(champion.bundle)}, marked_texts())


def predictions(port: int) -> float:
    """How many one server has made since it started."""
    text = httpx.get(f"http://{HOST}:{port}/metrics", timeout=PATIENCE).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == "predictions_total")


def test_one_server_becomes_three_under_load(up: LocalStack, known: Known) -> None:
    """Told anew, nginx closes connections on which nothing is asked: a client may have to open another."""
    with under_load(up.stack.ports.api, known, may_retry=True, **LOAD) as tally:
        up.command("scale", "3")
        assert len(up.stack.replicas) == 3
        eventually(lambda: all(predictions(port) > 20 for port in up.stack.replicas), "each has its share")
        tally.wait_for_feedback()
    tally.check("1 → 3 servers")
    eventually(lambda: sum(target["labels"]["job"] == "newsdesk-api" for target in up.targets()) == 3)


def test_of_three_servers_one_is_killed_under_load_and_no_request_fails(up: LocalStack, known: Known) -> None:
    victim = up.stack.replicas[1]
    name = api_name(victim)
    with under_load(up.stack.ports.api, known, **LOAD) as tally:
        tally.wait_for_feedback()
        before = up.supervisor.process(name)
        kill(before)
        eventually(lambda: up.supervisor.states()[name] == "RUNNING" and up.supervisor.process(name) != before, name)
        eventually(lambda: not is_free(victim), "it listens again")
        eventually(lambda: predictions(victim) > 20, "it has its share again")
        tally.wait_for_feedback()
    tally.check("one of three servers killed")
    assert tally.retried == 0


def test_all_servers_are_restarted_under_load_and_no_request_fails(up: LocalStack, known: Known) -> None:
    before = {port: up.supervisor.process(api_name(port)) for port in up.stack.replicas}
    with under_load(up.stack.ports.api, known, **LOAD) as tally:
        up.command("restart")
        tally.wait_for_feedback()
    tally.check("three servers restarted one by one")
    assert tally.retried == 0
    assert all(up.supervisor.process(api_name(port)) != process for port, process in before.items())


def test_three_servers_become_one_under_load(up: LocalStack, known: Known) -> None:
    gone = up.stack.replicas[1:]
    with under_load(up.stack.ports.api, known, may_retry=True, **LOAD) as tally:
        up.command("scale", "1")
        assert all(is_free(port) for port in gone)
        tally.wait_for_feedback()
    tally.check("3 → 1 servers")
