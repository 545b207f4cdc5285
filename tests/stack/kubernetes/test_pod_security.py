"""What no pod may do, and what none may say: Kubernetes' own profile `restricted`, and stricter."""

import re

import pytest

import newsdesk
from newsdesk.config.settings import Settings
from tests.stack.kubernetes.manifests import ROOT, Object, named, of_kind, settings_of, workloads

pytestmark = pytest.mark.stack
PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")


def test_the_namespace_admits_restricted_pods_only(objects: tuple[Object, ...]) -> None:
    (namespace,) = of_kind(objects, "Namespace")
    for mode in ("enforce", "audit", "warn"):
        assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"


def test_everything_lies_in_the_namespace(objects: tuple[Object, ...]) -> None:
    for one in objects:
        assert one["kind"] == "Namespace" or one["metadata"]["namespace"] == "newsdesk"


def test_no_pod_runs_as_root_or_talks_to_kubernetes(objects: tuple[Object, ...]) -> None:
    for workload in workloads(objects):
        security = workload.pod["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == security["runAsGroup"] == security["fsGroup"] == 1000
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert workload.pod["automountServiceAccountToken"] is False
        assert workload.pod["enableServiceLinks"] is False
        assert not workload.pod.keys() & {"hostNetwork", "hostPID", "hostIPC", "hostUsers"}
        assert named(objects, "ServiceAccount", workload.pod["serviceAccountName"])


def test_no_container_gains_rights_or_writes_its_root(objects: tuple[Object, ...]) -> None:
    for workload in workloads(objects):
        for container in workload.containers():
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, container["name"]


def test_no_pod_mounts_a_folder_of_its_node(objects: tuple[Object, ...]) -> None:
    for workload in workloads(objects):
        for volume in workload.pod["volumes"]:
            assert volume.keys() - {"name"} <= {"persistentVolumeClaim", "configMap", "emptyDir"}
            assert volume.get("emptyDir") is None or volume["name"] == "home" or "sizeLimit" in volume["emptyDir"]


def test_every_container_asks_for_what_it_needs_and_is_bounded(objects: tuple[Object, ...]) -> None:
    for workload in workloads(objects):
        for container in workload.containers():
            for bound in ("requests", "limits"):
                assert container["resources"][bound].keys() == {"cpu", "memory"}, container["name"]


def test_every_image_is_of_this_version(objects: tuple[Object, ...]) -> None:
    for workload in workloads(objects):
        for container in workload.containers():
            name, _, tag = container["image"].rpartition(":")
            assert name.rpartition("/")[2] in ("newsdesk", "newsdesk-train")
            assert tag == newsdesk.__version__


def test_no_secret_is_in_the_manifests(objects: tuple[Object, ...]) -> None:
    assert not of_kind(objects, "Secret")
    secret = {str(field.alias) for field in Settings.model_fields.values() if "SecretStr" in str(field.annotation)} | {
        "NEWSDESK_DATABASE_URL"
    }
    assert not secret & settings_of(objects).keys()


def test_every_secret_that_is_asked_for_is_documented_with_its_keys(objects: tuple[Object, ...]) -> None:
    documented = {name for name, _ in documented_keys()}
    assert secrets_asked_for(objects) <= documented


def test_every_documented_secret_is_asked_for(production: tuple[Object, ...]) -> None:
    assert {name for name, _ in documented_keys()} == secrets_asked_for(production)


def test_every_key_of_a_secret_of_the_environment_is_a_setting() -> None:
    known = {field.alias for field in Settings.model_fields.values()}
    assert {key for name, key in documented_keys() if name in ("newsdesk-backends", "newsdesk-api")} <= known


def documented_keys() -> set[tuple[str, str]]:
    return set(re.findall(r"^\| `(newsdesk-[a-z]+)` \| `([^`]+)` \|", PAGE, flags=re.MULTILINE))


def secrets_asked_for(objects: tuple[Object, ...]) -> set[str]:
    """By environments, by ingress, by who scrapes."""
    asked = {
        source["secretRef"]["name"]
        for workload in workloads(objects)
        for container in workload.containers()
        for source in container["envFrom"]
        if "secretRef" in source
    }
    asked |= {tls["secretName"] for ingress in of_kind(objects, "Ingress") for tls in ingress["spec"]["tls"]}
    return asked | {
        endpoint["authorization"]["credentials"]["name"]
        for monitor in of_kind(objects, "ServiceMonitor")
        for endpoint in monitor["spec"]["endpoints"]
        if "authorization" in endpoint
    }


def test_the_signing_secret_is_known_to_the_api_alone(objects: tuple[Object, ...]) -> None:
    holders = {
        workload.name
        for workload in workloads(objects)
        for container in workload.containers()
        if {"secretRef": {"name": "newsdesk-api"}} in container["envFrom"]
    }
    assert holders == {"newsdesk-api"}
