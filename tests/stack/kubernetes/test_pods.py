"""The pods' own commands at work, within the limits of a pod, with a real MLflow server and a real PostgreSQL that they
verify."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from newsdesk.registry.mlflow_registry import MlflowRegistry
from tests.builders import settings_in
from tests.stack.encrypted_postgresql import EncryptedPostgresql, encrypted_postgresql
from tests.stack.kubernetes.manifests import Object, workload
from tests.stack.kubernetes.pod import Cluster, Pod, require_sandbox
from tests.stack.running import column, register
from tests.stack.servers import MlflowServer, Postgresql, free_port, stoppable_mlflow_server
from tests.waiting import eventually

pytestmark = pytest.mark.stack
TEXT = "The striker scored twice in the final and the crowd sang until midnight"


@pytest.fixture(scope="module")
def encrypted(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EncryptedPostgresql]:
    with encrypted_postgresql(programs, tmp_path_factory.mktemp("postgresql")) as server:
        yield server


@pytest.fixture
def postgresql(encrypted: EncryptedPostgresql) -> Postgresql:
    return encrypted.server


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """One with a champion."""
    folder = tmp_path_factory.mktemp("mlflow")
    with stoppable_mlflow_server(f"sqlite:///{folder / 'mlflow.db'}", folder) as server:
        trainer = settings_in(folder, MLFLOW_TRACKING_URI=server.address)
        MlflowRegistry(trainer).set_alias("previous", register(trainer, 0.5))
        MlflowRegistry(trainer).set_alias("champion", register(trainer, 1.0))
        yield server


@pytest.fixture
def alone(production: tuple[Object, ...], tmp_path: Path, missing: Callable[[str], None]) -> Cluster:
    """One where none of the servers answers that pods talk to."""
    require_sandbox(missing)
    nobody = f"127.0.0.1:{free_port()}"
    instead = {
        "NEWSDESK_DATABASE_URL": f"postgresql://newsdesk@{nobody}/newsdesk",
        "MLFLOW_TRACKING_URI": f"http://{nobody}",
        "API_SECRET_KEY": "Zp4-unlike-any-example-" + "k7" * 16,
    }
    return Cluster(production, tmp_path, instead)


@pytest.fixture
def cluster(alone: Cluster, encrypted: EncryptedPostgresql, mlflow: MlflowServer) -> Cluster:
    encrypted.server.start()
    addresses = {"NEWSDESK_DATABASE_URL": encrypted.server.address, "MLFLOW_TRACKING_URI": mlflow.address}
    files = {"ca.crt": encrypted.authority.read_text(encoding="utf-8")}
    return replace(alone, instead={**alone.instead, **addresses}, files=files)


def new_key(cluster: Cluster, *scopes: str) -> dict[str, str]:
    """A key made in another pod, as by `kubectl exec`; the header that shows it."""
    api = workload(cluster.objects, "newsdesk-api")
    options = [word for scope in scopes for word in ("--scope", scope)]
    made = cluster.run(api, api.pod["containers"][0], ["newsdesk", "keys", "create", "newsroom", *options, "--json"])
    return {"Authorization": f"Bearer {json.loads(made)['key']}"}


def correct(pod: Pod, key: dict[str, str], editor: str) -> httpx.Response:
    feedback = {"text": TEXT, "category": "sports", "editor": editor}
    return httpx.post(f"{pod.address}/feedback", json=feedback, headers=key, timeout=30)


def test_a_pod_that_finds_nobody_and_no_model_lives_and_waits(alone: Cluster) -> None:
    with alone.pod(workload(alone.objects, "newsdesk-api")) as pod:
        assert (pod.probe("liveness"), pod.probe("readiness")) == (httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE)


def test_pods_answer_whoever_has_a_key_and_are_watched(cluster: Cluster) -> None:
    api, exporter = (workload(cluster.objects, name) for name in ("newsdesk-api", "newsdesk-exporter"))
    with cluster.pod(api) as pod:
        assert (pod.probe("liveness"), pod.probe("readiness")) == (httpx.codes.OK, httpx.codes.OK)
        ask = {"url": f"{pod.address}/predict", "json": {"text": TEXT}, "timeout": 30}
        assert httpx.post(**ask).status_code == httpx.codes.UNAUTHORIZED
        key = new_key(cluster, "predict", "feedback", "monitor")
        eventually(lambda: httpx.post(**ask, headers=key).status_code == httpx.codes.OK, "the key is known")
        assert correct(pod, key, "ed").status_code == httpx.codes.CREATED
        assert "predictions_total" in httpx.get(f"{pod.address}/metrics", headers=key, timeout=30).text
    monitor = workload(cluster.objects, "newsdesk-monitor")
    report, outcome = (json.loads(cluster.run(monitor, container)) for container in monitor.containers())
    assert report["decision"]["retrain"] is False
    assert outcome["outcome"] is None
    with cluster.pod(exporter) as pod:
        assert "retraining_needed" in httpx.get(f"{pod.address}/metrics", timeout=30).text


def test_feedback_that_was_acknowledged_outlives_store_and_pod_and_the_next_pod_starts_without_mlflow(
    cluster: Cluster, mlflow: MlflowServer, postgresql: Postgresql
) -> None:
    api = workload(cluster.objects, "newsdesk-api")
    key = new_key(cluster, "feedback")
    with cluster.pod(api) as pod:
        assert pod.probe("readiness") == httpx.codes.OK
        postgresql.stop()
        answer = correct(pod, key, "kim")
        assert (answer.status_code, answer.json()["status"]) == (httpx.codes.ACCEPTED, "spooled")
    mlflow.stop()
    try:
        with cluster.pod(api) as pod:
            assert pod.probe("readiness") == httpx.codes.OK
            postgresql.start()
            eventually(
                lambda: answer.json()["feedback_id"] in column(postgresql.address, "feedback"),
                "the other pod writes what the first one had acknowledged",
            )
    finally:
        mlflow.start()


def test_a_pod_can_write_nowhere_but_in_its_volumes(alone: Cluster) -> None:
    api = workload(alone.objects, "newsdesk-api")
    (container,) = api.pod["containers"]
    attempt = (
        "for folder in / /etc /etc/newsdesk /usr /var /tmp $NEWSDESK_HOME; do touch $folder/x && echo $folder; done"
    )
    assert alone.run(api, container, ["sh", "-c", f"{attempt}; true"]).split() == ["/tmp", "/var/lib/newsdesk"]


def test_the_jobs_back_everything_up_and_clear_up(cluster: Cluster) -> None:
    told = {}
    for name in ("backup", "prune"):
        job = workload(cluster.objects, f"newsdesk-{name}")
        told[name] = json.loads(cluster.run(job, job.pod["containers"][0]))
    (archive,) = cluster.claim("newsdesk-backups").glob("*.encrypted")
    assert told["backup"]["archive"] == f"/var/backups/newsdesk/{archive.name}"


def test_the_job_of_a_new_version_brings_the_store_up_to_date(cluster: Cluster) -> None:
    job = workload(cluster.objects, "newsdesk-migrate")
    told = [json.loads(cluster.run(job, job.pod["containers"][0])) for _ in range(2)]
    assert told[0]["after"] == told[1]["before"] == told[1]["after"] is not None


def test_the_template_for_a_rollback_puts_the_version_before_back_in_charge(
    cluster: Cluster, mlflow: MlflowServer
) -> None:
    rollback = workload(cluster.objects, "newsdesk-rollback")
    (container,) = rollback.pod["containers"]
    registry = MlflowRegistry(settings_in(cluster.folder, MLFLOW_TRACKING_URI=mlflow.address))
    (previous,) = (version.version for version in registry.versions() if "previous" in version.aliases)
    assert json.loads(cluster.run(rollback, container))["champion"] == previous
    assert {version.version for version in registry.versions() if "champion" in version.aliases} == {previous}
    assert column(cluster.instead["NEWSDESK_DATABASE_URL"], "promotion_ledger", "actor") == ["kubernetes"]
