"""What keeps the API answering: probes that mean what Kubernetes takes them for, a slow goodbye, room, distance."""

import re
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.exporter.server import serve_metrics
from tests.builders import settings_in
from tests.serving import app_of, call
from tests.stack.kubernetes.manifests import ROOT, Object, named, of_kind, settings_of, workload, workloads

pytestmark = pytest.mark.stack
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def api_container(objects: tuple[Object, ...]) -> Object:
    (container,) = workload(objects, "newsdesk-api").pod["containers"]
    return dict(container)


def test_only_what_listens_is_probed_and_by_the_name_of_its_port(objects: tuple[Object, ...]) -> None:
    for one in workloads(objects):
        for container in one.containers():
            ports = {port["name"] for port in container.get("ports", [])}
            assert {container[probe]["httpGet"]["port"] for probe in PROBES if probe in container} == ports
            assert not ports or all(probe in container for probe in PROBES)


def test_without_a_model_the_api_lives_and_is_not_ready_and_with_one_it_is(
    production: tuple[Object, ...], tmp_path: Path, first: Bundle
) -> None:
    paths = {probe: api_container(production)[probe]["httpGet"]["path"] for probe in PROBES}
    settings = settings_in(tmp_path).model_copy(update={"api_auth": True})  # nobody who probes has a key
    for predictor, ready in ((None, HTTPStatus.SERVICE_UNAVAILABLE), (Predictor(first), HTTPStatus.OK)):
        app = app_of(settings, predictor)
        statuses = {probe: call(app, "GET", path).status_code for probe, path in paths.items()}
        assert statuses == {"startupProbe": HTTPStatus.OK, "livenessProbe": HTTPStatus.OK, "readinessProbe": ready}


def test_the_exporter_answers_its_probes_and_nothing_else(production: tuple[Object, ...]) -> None:
    (container,) = workload(production, "newsdesk-exporter").pod["containers"]
    with serve_metrics("127.0.0.1", 0, lambda: b"") as port:
        for probe in PROBES:
            with urlopen(f"http://127.0.0.1:{port}{container[probe]['httpGet']['path']}", timeout=5) as answer:
                assert answer.status == HTTPStatus.OK
        with pytest.raises(HTTPError):
            urlopen(f"http://127.0.0.1:{port}/", timeout=5)


def test_the_port_that_is_named_is_the_port_that_is_listened_on(objects: tuple[Object, ...]) -> None:
    settings = settings_of(objects)
    assert [port["containerPort"] for port in api_container(objects)["ports"]] == [int(settings["API_PORT"])]
    assert settings["API_HOST"] == "0.0.0.0"
    (exporter,) = workload(objects, "newsdesk-exporter").pod["containers"]
    assert exporter["command"][-1] == str(exporter["ports"][0]["containerPort"])


def test_a_pod_that_goes_has_time_to_be_forgotten_to_answer_and_to_write_its_log(objects: tuple[Object, ...]) -> None:
    api = workload(objects, "newsdesk-api")
    goodbye = api_container(objects)["lifecycle"]["preStop"]["sleep"]["seconds"]
    timeout = int(settings_of(objects)["API_TIMEOUT"])
    assert goodbye >= 5
    assert api.pod["terminationGracePeriodSeconds"] > goodbye + timeout + 1 + timeout


def test_a_new_version_takes_nothing_away_before_it_is_ready(objects: tuple[Object, ...]) -> None:
    strategy = named(objects, "Deployment", "newsdesk-api")["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def test_in_production_there_are_three_on_three_nodes_and_one_may_be_disturbed(production: tuple[Object, ...]) -> None:
    deployment = named(production, "Deployment", "newsdesk-api")
    assert "replicas" not in deployment["spec"]
    assert named(production, "HorizontalPodAutoscaler", "newsdesk-api")["spec"]["minReplicas"] == 3
    assert named(production, "PodDisruptionBudget", "newsdesk-api")["spec"]["maxUnavailable"] == 1
    api = workload(production, "newsdesk-api")
    by_node, by_zone = api.pod["topologySpreadConstraints"]
    assert (by_node["topologyKey"], by_node["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "DoNotSchedule")
    assert by_zone["topologyKey"] == "topology.kubernetes.io/zone"
    for constraint in (by_node, by_zone):
        assert constraint["labelSelector"]["matchLabels"].items() <= api.labels.items()
    (term,) = api.pod["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["podAffinityTerm"]["labelSelector"] == by_node["labelSelector"]


def test_what_is_acknowledged_outlives_its_pod(objects: tuple[Object, ...]) -> None:
    home = settings_of(objects)["NEWSDESK_HOME"]
    for name in ("newsdesk-api", "newsdesk-exporter", "newsdesk-monitor", "newsdesk-backup", "newsdesk-prune"):
        one = workload(objects, name)
        volume = next(volume for volume in one.pod["volumes"] if volume["name"] == "home")
        assert volume["persistentVolumeClaim"] == {"claimName": "newsdesk-home"}
        for container in one.containers():
            assert {"name": "home", "mountPath": home} in container["volumeMounts"]


def test_many_nodes_share_one_home_in_production(production: tuple[Object, ...]) -> None:
    assert named(production, "PersistentVolumeClaim", "newsdesk-home")["spec"]["accessModes"] == ["ReadWriteMany"]


def test_the_memory_that_was_measured_is_asked_for(objects: tuple[Object, ...]) -> None:
    page = (ROOT / "docs" / "measurements.md").read_text(encoding="utf-8")
    serving = re.search(r"^\| newsdesk \| [\d.]+ \| (\d+) \|", page, flags=re.MULTILINE)
    a_pass = re.search(r"^\| PostgreSQL \| [\d.]+ \| (\d+) \|", page, flags=re.MULTILINE)
    assert serving
    assert a_pass
    api = api_container(objects)["resources"]
    assert mebibytes(api["requests"]["memory"]) > int(serving[1])
    assert mebibytes(api["limits"]["memory"]) > int(serving[1]) + int(a_pass[1])  # GET /monitor runs a pass beside it
    (monitor,) = workload(objects, "newsdesk-monitor").pod["initContainers"]
    assert mebibytes(monitor["resources"]["requests"]["memory"]) > int(a_pass[1])


def mebibytes(quantity: str) -> int:
    number, unit = int(quantity[:-2]), quantity[-2:]
    return number * {"Mi": 1, "Gi": 1024}[unit]


def test_production_has_no_template_that_puts_a_model_of_the_sample_in_charge(production: tuple[Object, ...]) -> None:
    assert "newsdesk-sample" not in {one["metadata"]["name"] for one in of_kind(production, "CronJob")}


def test_no_job_runs_twice_at_once_or_for_ever(objects: tuple[Object, ...]) -> None:
    jobs = of_kind(objects, "CronJob")
    names = {one["metadata"]["name"] for one in jobs}
    assert names - {"newsdesk-sample"} == {f"newsdesk-{name}" for name in ("monitor", "backup", "prune", "rollback")}
    by_themselves = {one["metadata"]["name"] for one in jobs if not one["spec"].get("suspend")}
    assert by_themselves == {"newsdesk-monitor", "newsdesk-backup", "newsdesk-prune"}
    for one in jobs:
        assert one["spec"]["concurrencyPolicy"] == "Forbid"
        assert one["spec"]["timeZone"] == "Etc/UTC"
    for spec in [
        *(one["spec"]["jobTemplate"]["spec"] for one in jobs),
        *(one["spec"] for one in of_kind(objects, "Job")),
    ]:
        assert spec["activeDeadlineSeconds"]
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
        (rule,) = spec["podFailurePolicy"]["rules"]
        assert rule["action"] == "FailJob"
        assert rule["onExitCodes"] in [{"operator": "In", "values": values} for values in ([2], [2, 3])]
