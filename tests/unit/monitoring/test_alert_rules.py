"""Prometheus takes the configuration and the rules, and every alert is defined, documented and tested in full."""

import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from newsdesk.config.config_files import load_pipeline_config
from tests.stack.monitoring_servers import program
from tests.unit.monitoring.alert_rules import PROMETHEUS, ROOT, RULE_TESTS, RULES, Alert, alerts, recordings
from tests.unit.monitoring.expressions import names_in_catalogue, selected

# What other exporters tell of, and Prometheus itself.
OTHERS = re.compile(r"(node_|pg_|nginx_|probe_|prometheus_|alertmanager_)\w+|up|ALERTS")
FROM_PROMETHEUS = {"job", "instance"}
QUERY = re.compile(r'query "([^"]+)"')
EVERY_ALERT = pytest.mark.parametrize("alert", alerts().values(), ids=lambda alert: alert.name)


@pytest.fixture
def promtool(missing: Callable[[str], None]) -> Callable[..., None]:
    """Run it; what it refuses fails the test."""
    found = program("promtool")
    if found is None:
        missing("promtool")

    def run(*arguments: object) -> None:
        done = subprocess.run([str(found), *map(str, arguments)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_prometheus_takes_the_configuration_and_every_rule(promtool: Callable[..., None]) -> None:
    promtool("check", "config", PROMETHEUS / "prometheus.yml")
    promtool("check", "rules", *RULES)


@pytest.mark.parametrize("file", RULE_TESTS, ids=lambda file: file.name)
def test_every_rule_does_what_its_tests_say(file: Path, promtool: Callable[..., None]) -> None:
    promtool("test", "rules", file)


def test_an_installation_without_any_metric_is_told_of_nothing(tmp_path: Path, promtool: Callable[..., None]) -> None:
    silent = [
        {"eval_time": "2h", "alertname": name, "exp_alerts": list[Any]()} for name in alerts() if name != "Watchdog"
    ]
    case = {"interval": "1m", "input_series": list[Any](), "alert_rule_test": silent}
    test = {"rule_files": [str(file) for file in RULES], "evaluation_interval": "5m", "tests": [case]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test), encoding="utf-8")
    promtool("test", "rules", tmp_path / "test.yml")


@EVERY_ALERT
def test_an_alert_is_tested_silent_then_firing_then_resolved(alert: Alert) -> None:
    if alert.name == "Watchdog":
        assert outcomes("Watchdog") == [[True, True]]  # that it never resolves is what it is for
        return
    (outcome,) = outcomes(alert.name)
    first = outcome.index(True)
    assert first >= 1, "it is never tested silent"
    assert outcome[-1] is False, "it is never tested resolved"


@cache
def rule_test_groups() -> list[dict[str, Any]]:
    return [group for file in RULE_TESTS for group in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]]


def outcomes(name: str) -> list[list[bool]]:
    """Whether it fires, at each time, in each test group that asks."""
    found = []
    for group in rule_test_groups():
        cases = [case for case in group["alert_rule_test"] if case["alertname"] == name]
        assert cases == sorted(cases, key=lambda case: promql_parser.parse_duration(case["eval_time"]))
        if cases:
            found.append([bool(case["exp_alerts"]) for case in cases])
    return found


@EVERY_ALERT
def test_an_alert_says_how_bad_it_is_whom_it_concerns_and_what_is_to_be_done(alert: Alert) -> None:
    assert alert.lasting is not None
    assert alert.labels.keys() == {"severity", "team", "family"}
    assert alert.labels["severity"] in {"critical", "warning", "info", "none"}
    assert alert.labels["team"] in {"ml", "platform"}
    assert alert.annotations.keys() == {"summary", "description", "runbook_url"}
    assert "$value" in alert.annotations["description"] or QUERY.search(alert.annotations["description"])


@EVERY_ALERT
def test_an_alert_leads_to_a_section_of_the_documentation(alert: Alert) -> None:
    page, _, anchor = alert.annotations["runbook_url"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page.lstrip("/")).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert anchor in {github_anchor(heading) for heading in headings}
    assert anchor == alert.name.lower()


def github_anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_documentation_explains_no_alert_that_there_is_not() -> None:
    page = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    documented = re.findall(r"^### (\w+)$", page, flags=re.MULTILINE)
    assert sorted(documented) == sorted(alerts())


def expressions() -> dict[str, str]:
    """Every expression in the rules, by where it stands."""
    found = recordings() | {name: alert.expr for name, alert in alerts().items()}
    for name, alert in alerts().items():
        for number, query in enumerate(QUERY.findall(" ".join(alert.annotations.values()))):
            found[f"{name} query {number}"] = query
    return found


@pytest.mark.parametrize("where", expressions())
def test_an_expression_names_only_metrics_that_there_are_by_labels_that_they_have(where: str) -> None:
    catalogue = names_in_catalogue()
    for selector in selected(expressions()[where]):
        if selector.metric in catalogue:
            assert selector.labels <= catalogue[selector.metric] | FROM_PROMETHEUS
        else:
            assert selector.metric in recordings() or OTHERS.fullmatch(selector.metric), selector.metric


def test_recordings_are_named_by_their_level_their_metric_and_what_was_done_to_it() -> None:
    """https://prometheus.io/docs/practices/rules/"""
    assert all(re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", name) for name in recordings())


def thresholds() -> dict[str, tuple[list[float], str]]:
    """What alerts compare with by configs/pipeline_config.yaml, and how their text says it."""
    config = load_pipeline_config(ROOT / "configs")
    limits, data = config.monitoring.alert_thresholds, config.data_pipeline
    enough_labels = 20
    return {
        "HighErrorRate": ([limits.error_rate], f"; {limits.error_rate:.0%} is the most"),
        "HighLatency": ([limits.latency_p95 / 1000], f"; {limits.latency_p95 / 1000:g}s is the most"),
        "ModelAccuracyDrift": (
            [limits.accuracy_threshold, enough_labels],
            f"; {limits.accuracy_threshold:.0%} is the least",
        ),
        "EstimatedAccuracyLow": ([limits.accuracy_threshold], f"; {limits.accuracy_threshold:.0%} is the least"),
        "LowConfidence": ([limits.confidence_threshold], f"; {limits.confidence_threshold:.0%} is the least"),
        "QuarantineSpike": ([data.max_quarantined_share, 2], f"; above {data.max_quarantined_share:.0%} it would"),
    }


@pytest.mark.parametrize("name", thresholds())
def test_a_threshold_is_that_of_the_configuration(name: str) -> None:
    numbers, words = thresholds()[name]
    assert numbers_in(alerts()[name].expr) == numbers
    assert words in alerts()[name].annotations["description"]


def numbers_in(expression: str) -> list[float]:
    found: list[float] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.NumberLiteral):
            found.append(node.val)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


def test_missed_schedules_are_told_by_the_schedules_of_the_configuration() -> None:
    config = load_pipeline_config(ROOT / "configs")
    assert config.monitoring.schedule_interval == "0 * * * *", "MonitoringStale waits for three hourly passes"
    assert config.data_pipeline.schedule_interval == "0 2 * * *", "DataPipelineMissed waits for a daily run"
    assert numbers_in(alerts()["MonitoringStale"].expr) == [3, 3600]
    assert numbers_in(alerts()["DataPipelineMissed"].expr) == [26, 3600]


def test_prometheus_scrapes_every_part_under_the_names_that_the_rules_know() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = [job["job_name"] for job in config["scrape_configs"]]
    assert jobs == [
        "newsdesk-api", "newsdesk-exporter", "node", "postgresql", "nginx", "mlflow", "tls", "alertmanager",
        "prometheus",
    ]  # fmt: skip
    named = re.findall(r'job="([^"]+)"', " ".join(expressions().values()))
    assert set(named) <= set(jobs)
