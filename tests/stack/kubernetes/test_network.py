"""Who may talk to whom: nobody, but for what is named."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.stack.kubernetes.manifests import Object, named, of_kind, settings_of, workload, workloads

pytestmark = pytest.mark.stack
# Where each backend listens, and by which label its namespace is known.
BACKENDS = {"newsdesk/postgresql": 5432, "newsdesk/mlflow": 5001, "newsdesk/redis": 6379}


def test_what_is_not_named_is_denied_both_ways_for_every_pod(objects: tuple[Object, ...]) -> None:
    policy = named(objects, "NetworkPolicy", "default-deny")
    assert policy["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_no_rule_lets_everybody_in_or_out(objects: tuple[Object, ...]) -> None:
    for direction, rule in rules(objects):
        assert rule["ports"]
        peers = rule["from" if direction == "ingress" else "to"]
        assert peers
        for peer in peers:
            assert peer["namespaceSelector"]["matchLabels"]


def test_every_port_that_is_open_is_that_of_a_container_and_open_to_who_is_named(objects: tuple[Object, ...]) -> None:
    openings = {
        "newsdesk-api": ("api", {"newsdesk/ingress", "newsdesk/prometheus"}),
        "newsdesk-exporter": ("exporter", {"newsdesk/prometheus"}),
    }
    for name, (policy_name, callers) in openings.items():
        spec = named(objects, "NetworkPolicy", policy_name)["spec"]
        pod = workload(objects, name)
        assert spec["podSelector"]["matchLabels"].items() <= pod.labels.items()
        (rule,) = spec["ingress"]
        assert {label for peer in rule["from"] for label in peer["namespaceSelector"]["matchLabels"]} == callers
        assert [port["port"] for port in rule["ports"]] == [port["name"] for port in pod.pod["containers"][0]["ports"]]
    listening = {one.name for one in workloads(objects) if any("ports" in container for container in one.containers())}
    assert listening == openings.keys()


def test_every_pod_reaches_the_names_and_the_backends(objects: tuple[Object, ...]) -> None:
    spec = named(objects, "NetworkPolicy", "backends")["spec"]
    for one in workloads(objects):
        assert spec["podSelector"]["matchLabels"].items() <= one.labels.items()
    reached = {
        label: rule["ports"][0]["port"]
        for rule in spec["egress"]
        for label in rule["to"][0]["namespaceSelector"]["matchLabels"]
    }
    assert reached == BACKENDS
    dns = named(objects, "NetworkPolicy", "dns")["spec"]
    assert dns["podSelector"] == {}
    assert {(port["protocol"], port["port"]) for port in dns["egress"][0]["ports"]} == {("UDP", 53), ("TCP", 53)}


def test_mlflow_is_asked_at_the_port_that_is_open(objects: tuple[Object, ...]) -> None:
    assert urlsplit(settings_of(objects)["MLFLOW_TRACKING_URI"]).port == BACKENDS["newsdesk/mlflow"]


def rules(objects: tuple[Object, ...]) -> Iterator[tuple[str, Object]]:
    for policy in of_kind(objects, "NetworkPolicy"):
        for direction in ("ingress", "egress"):
            for rule in policy["spec"].get(direction, []):
                yield direction, rule
