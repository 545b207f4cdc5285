"""What one object calls by name is there under that name."""

from pathlib import Path

import pytest

from newsdesk.monitoring.catalogue import CATALOGUE
from tests.stack.kubernetes.manifests import OVERLAYS, Object, named, of_kind, rendered, workload, workloads

pytestmark = pytest.mark.stack


def test_every_volume_and_every_environment_of_a_pod_exists(objects: tuple[Object, ...]) -> None:
    claims = {one["metadata"]["name"] for one in of_kind(objects, "PersistentVolumeClaim")}
    maps = {one["metadata"]["name"] for one in of_kind(objects, "ConfigMap")}
    for one in workloads(objects):
        for volume in one.pod["volumes"]:
            assert volume.get("persistentVolumeClaim", {}).get("claimName") in {*claims, None}
            assert volume.get("configMap", {}).get("name") in {*maps, None}
        for container in one.containers():
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted <= {volume["name"] for volume in one.pod["volumes"]}
            assert {
                source["configMapRef"]["name"] for source in container["envFrom"] if "configMapRef" in source
            } <= maps


def test_every_service_finds_its_pods_and_their_port(objects: tuple[Object, ...]) -> None:
    services = of_kind(objects, "Service")
    assert {service["metadata"]["name"] for service in services} == {"newsdesk-api", "newsdesk-exporter"}
    for service in services:
        found = [one for one in workloads(objects) if service["spec"]["selector"].items() <= one.labels.items()]
        assert [one.name for one in found] == [service["metadata"]["name"]]
        ports = {port["name"] for port in found[0].pod["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} == ports


def test_the_autoscaler_and_the_budget_are_about_the_api(production: tuple[Object, ...]) -> None:
    api = workload(production, "newsdesk-api")
    target = named(production, "HorizontalPodAutoscaler", "newsdesk-api")["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == (api.kind, api.name)
    budget = named(production, "PodDisruptionBudget", "newsdesk-api")["spec"]["selector"]["matchLabels"]
    assert [one.name for one in workloads(production) if budget.items() <= one.labels.items()] == [api.name]


def test_the_ingress_leads_to_the_api_by_tls_under_every_name_it_has(production: tuple[Object, ...]) -> None:
    (ingress,) = of_kind(production, "Ingress")
    hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
    assert hosts == {host for tls in ingress["spec"]["tls"] for host in tls["hosts"]}
    for rule in ingress["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            service = named(production, "Service", path["backend"]["service"]["name"])
            assert path["backend"]["service"]["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def test_prometheus_finds_both_services_under_the_names_that_the_rules_read(production: tuple[Object, ...]) -> None:
    found = {}
    for monitor in of_kind(production, "ServiceMonitor"):
        wanted = monitor["spec"]["selector"]["matchLabels"]
        (service,) = [
            one for one in of_kind(production, "Service") if wanted.items() <= one["metadata"]["labels"].items()
        ]
        (endpoint,) = monitor["spec"]["endpoints"]
        assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
        assert endpoint["path"] == "/metrics"
        found[service["metadata"]["name"]] = "authorization" in endpoint
    assert found == {"newsdesk-api": True, "newsdesk-exporter": False}
    rules = str(named(production, "PrometheusRule", "newsdesk"))
    assert 'job="newsdesk-api"' in rules
    assert any(metric.name in rules for metric in CATALOGUE)


def test_only_where_there_is_an_operator_there_is_anything_of_its_kinds(kubectl: Path) -> None:
    kinds = {overlay: {one["kind"] for one in rendered(kubectl, overlay)} for overlay in OVERLAYS}
    assert {overlay for overlay in OVERLAYS if kinds[overlay] & {"ServiceMonitor", "PrometheusRule"}} == {"prod"}
