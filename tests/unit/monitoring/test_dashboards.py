"""The Grafana dashboards as code: up to date, complete, and asking for nothing that nobody exposes."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from monitoring.grafana.source.build import to_json
from monitoring.grafana.source.dashboards import DASHBOARDS
from monitoring.grafana.source.limits import shipped_limits
from monitoring.grafana.source.variables import concrete
from newsdesk.monitoring.catalogue import CATALOGUE
from tests.unit.monitoring.expressions import names_in_catalogue, selected

GRAFANA = Path(__file__).parents[3] / "monitoring" / "grafana"
NAMES = sorted(DASHBOARDS)
UIDS = {
    "api_performance_dashboard": "newsdesk-api-performance",
    "ml_pipeline_dashboard": "newsdesk-ml-pipeline",
    "system_health_dashboard": "newsdesk-system-health",
}
# What Prometheus itself and other exporters expose, as far as a panel asks for it.
OF_OTHERS = set(
    re.findall(
        r"\w+",
        """
    ALERTS up scrape_duration_seconds scrape_samples_scraped
    process_cpu_seconds_total process_resident_memory_bytes process_open_fds process_max_fds
    node_cpu_seconds_total node_load1 node_memory_MemAvailable_bytes node_memory_MemTotal_bytes
    node_filesystem_avail_bytes node_filesystem_size_bytes node_disk_read_bytes_total node_disk_written_bytes_total
    node_network_receive_bytes_total node_network_transmit_bytes_total
    pg_up pg_database_size_bytes pg_stat_activity_count pg_settings_max_connections
    pg_stat_database_xact_commit pg_stat_database_xact_rollback pg_stat_database_deadlocks
    pg_stat_database_tup_fetched pg_stat_database_tup_inserted pg_stat_database_tup_updated
    pg_stat_database_tup_deleted pg_stat_database_blks_hit pg_stat_database_blks_read
    nginx_http_requests_total nginx_connections_active nginx_connections_reading nginx_connections_writing
    nginx_connections_waiting nginx_connections_accepted nginx_connections_handled
    mlflow_http_request_total mlflow_http_request_duration_seconds_bucket
    """,
    )
)
# What the user asked for, and the panels that show it.
ASKED_FOR = {
    "ml_pipeline_dashboard": {
        "Model performance trends": {"Model performance trends", "F1 score per category"},
        "Prediction accuracy over time": {"Prediction accuracy over time"},
        "Feature importance changes": {"Feature importance changes"},
        "Training job status": {"Training job status", "Since the last run", "Duration of the last run"},
        "Prediction Distribution": {"Prediction distribution"},
        "Confidence Scores": {"Confidence"},
        "DriftFeature Drift": {"Drift scores of the newest window", "Drift scores over time", "Drift state"},
    },
    "api_performance_dashboard": {
        "Request rate and latency": {"Request rate", "Latency"},
        "Error rate analysis": {"Error rate", "Errors by status and endpoint", "Error analysis"},
        "Geographic request distribution": {"Requests on the map", "Requests by country"},
        "User behavior patterns": {"Requests by caller", "Requests by endpoint", "Requests by hour of the day"},
        "Throughput": {"Throughput"},
    },
    "system_health_dashboard": {
        "Container health status": {"Container health status"},
        "Resource utilization": {"CPU", "Memory", "Disk", "Network", "Process CPU", "Process memory"},
        "Database performance": {"Database performance", "Connections in use", "Buffer hits"},
        "Alert summary": {"Alert summary", "Firing alerts", "Alert list"},
    },
}


def written(name: str) -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    loaded: dict[str, Any] = json.loads((GRAFANA / "dashboards" / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def panels(name: str) -> list[dict[str, Any]]:
    return [panel for panel in written(name)["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    for name in NAMES:
        for panel in panels(name):
            yield from ((f"{name}: {panel['title']}", target["expr"]) for target in panel.get("targets", ()))


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_what_the_source_writes(name: str) -> None:
    file = GRAFANA / "dashboards" / f"{name}.json"
    assert file.read_text(encoding="utf-8") == to_json(DASHBOARDS[name]), "run: python -m monitoring.grafana.source"


def test_no_other_dashboard_lies_beside_them() -> None:
    assert sorted(file.stem for file in (GRAFANA / "dashboards").iterdir()) == NAMES


def test_links_to_a_dashboard_hold_for_its_uid_never_changes() -> None:
    assert {name: written(name)["uid"] for name in NAMES} == UIDS


@pytest.mark.parametrize("name", NAMES)
def test_every_query_of_the_source_reaches_the_file(name: str) -> None:
    meant = [panel for section in DASHBOARDS[name].sections for panel in section.panels]
    assert [panel["title"] for panel in panels(name)] == [panel.title for panel in meant]
    for panel, source in zip(panels(name), meant, strict=True):
        queries = [(target["expr"], target["legendFormat"]) for target in panel.get("targets", ())]
        assert queries == [(query.expr, query.legend) for query in source.queries], source.title
        assert len({target["refId"] for target in panel.get("targets", ())}) == len(queries), source.title


@pytest.mark.parametrize(("name", "asked"), [(name, asked) for name in NAMES for asked in ASKED_FOR[name]])
def test_a_panel_shows_what_was_asked_for(name: str, asked: str) -> None:
    assert {panel["title"] for panel in panels(name)} >= ASKED_FOR[name][asked]


def test_every_expression_parses_and_names_only_metrics_that_somebody_exposes() -> None:
    ours = names_in_catalogue()
    for where, expression in expressions():
        for selector in selected(concrete(expression)):
            assert selector.metric in ours or selector.metric in OF_OTHERS, f"{where}: unknown {selector.metric}"
            if selector.metric in ours:
                unknown = selector.labels - ours[selector.metric] - {"job", "instance"}
                assert not unknown, f"{where}: {selector.metric} has no label {unknown}"


def test_no_foreign_metric_is_listed_in_vain() -> None:
    used = {selector.metric for _, expression in expressions() for selector in selected(concrete(expression))}
    assert used >= OF_OTHERS


def test_every_metric_of_the_catalogue_is_on_a_dashboard() -> None:
    used = {selector.metric for _, expression in expressions() for selector in selected(concrete(expression))}
    for metric in CATALOGUE:
        names = {metric.name} | {f"{metric.name}_{part}" for part in ("bucket", "sum", "count")}
        assert names & used, f"no panel shows {metric.name}"


def test_a_legend_names_only_labels_that_its_expression_keeps() -> None:
    for name in NAMES:
        for panel in panels(name):
            for target in panel.get("targets", ()):
                for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                    assert re.search(rf"\b{label}\b", target["expr"]) or label == "instance", panel["title"]


def test_no_variable_is_left_but_those_that_the_dashboard_offers() -> None:
    for name in NAMES:
        offered = {variable["name"] for variable in written(name)["templating"]["list"]}
        asked = {found for panel in panels(name) for found in re.findall(r"\$\{?(\w+)", json.dumps(panel))}
        assert asked <= offered | {"__rate_interval", "__range", "1"}  # $1 is label_replace's own


@pytest.mark.parametrize("name", NAMES)
def test_every_panel_says_what_it_shows_in_which_unit_and_from_where(name: str) -> None:
    for panel in panels(name):
        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        if panel["type"] != "alertlist":
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert panel["targets"], panel["title"]
        assert panel["datasource"]["uid"] == "newsdesk-prometheus"


@pytest.mark.parametrize("name", NAMES)
def test_titles_and_numbers_are_told_apart(name: str) -> None:
    assert len({panel["title"] for panel in panels(name)}) == len(panels(name))
    assert [panel["id"] for panel in panels(name)] == list(range(1, len(panels(name)) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_no_panel_covers_another(name: str) -> None:
    places = {panel["title"]: panel["gridPos"] for panel in written(name)["panels"]}
    for (title, one), (other, two) in combinations(places.items(), 2):
        beside = one["x"] + one["w"] <= two["x"] or two["x"] + two["w"] <= one["x"]
        below = one["y"] + one["h"] <= two["y"] or two["y"] + two["h"] <= one["y"]
        assert beside or below, f"{title} and {other}"
    assert all(place["x"] + place["w"] <= 24 for place in places.values())


def test_the_limits_shown_are_those_of_the_configuration() -> None:
    limits = shipped_limits()
    steps = {
        panel["title"]: [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]]
        for name in NAMES
        for panel in panels(name)
        if "thresholds" in panel.get("fieldConfig", {}).get("defaults", {})
    }
    alerts = limits.alert_thresholds
    assert alerts.accuracy_threshold in steps["Prediction accuracy over time"]
    assert alerts.confidence_threshold in steps["Confidence"]
    assert alerts.error_rate in steps["Error rate"]
    assert alerts.latency_p95 / 1000 in steps["Latency"]
    assert limits.drift.domain_classifier in steps["Domain classifier"]


def test_grafana_finds_the_data_source_that_the_panels_name() -> None:
    provisioned = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text("utf-8"))
    assert "newsdesk-prometheus" in {source["uid"] for source in provisioned["datasources"]}
    provider = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "newsdesk.yml").read_text("utf-8"))
    assert [(each["folder"], each["type"]) for each in provider["providers"]] == [("Newsdesk", "file")]


def test_series_of_a_panel_are_drawn_in_colours_that_everybody_can_tell_apart() -> None:
    allowed = {"#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#999999"}
    for name in NAMES:
        assert set(re.findall(r"#[0-9A-Fa-f]{6}", json.dumps(panels(name)))) <= allowed
