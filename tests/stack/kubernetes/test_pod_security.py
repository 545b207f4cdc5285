"""What no pod may do, and what none may say: Kubernetes' own profile `restricted`, and stricter."""

import re
from collections.abc import Iterator
from typing import Any

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
            assert volume.keys() - {"name"} <= {"persistentVolumeClaim", "configMap", "secret", "emptyDir"}
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


def test_every_secret_is_documented_and_no_other(production: tuple[Object, ...]) -> None:
    assert {name for name, _ in documented_keys()} == secrets_asked_for(production)


def test_in_development_no_other_secret_is_asked_for(objects: tuple[Object, ...]) -> None:
    assert secrets_asked_for(objects) <= {name for name, _ in documented_keys()}


def test_every_key_that_becomes_a_variable_is_a_setting() -> None:
    variables = {key for _, key in documented_keys() if key.isupper()}
    assert len(variables) >= 6
    assert variables <= {field.alias for field in Settings.model_fields.values()}


def documented_keys() -> set[tuple[str, str]]:
    return set(re.findall(r"^\| `(newsdesk-[a-z]+)` \| `([^`]+)` \|", PAGE, flags=re.MULTILINE))


def secrets_asked_for(objects: tuple[Object, ...]) -> set[str]:
    """By pods, by the ingress, by whoever scrapes."""
    return {name for one in objects for name in _named_secrets(one)}


def _named_secrets(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for inner in part:
            yield from _named_secrets(inner)
    if isinstance(part, dict):
        for word, inner in part.items():
            if word == "secretName":
                yield inner
            elif word in ("secretRef", "secretKeyRef", "credentials"):
                yield inner["name"]
            else:
                yield from _named_secrets(inner)


def test_the_signing_secret_is_known_to_the_api_alone(objects: tuple[Object, ...]) -> None:
    holders = {
        workload.name
        for workload in workloads(objects)
        for container in workload.containers()
        if {"secretRef": {"name": "newsdesk-api"}} in container["envFrom"]
    }
    assert holders == {"newsdesk-api"}
