"""compose.prod.yaml on a real engine, by its own script: TLS, a token, no door but nginx, nothing that is not needed;
new versions come without a failed request, and go again where they are no good."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.engine import registry
from tests.engine.asking import QUESTION, asking, client_of
from tests.engine.engine import PYTHON, ROOT, TARGETS, Engine, Stack
from tests.engine.watching import arguments_of_all_processes
from tests.stack.servers import free_port
from tests.waiting import eventually

pytestmark = pytest.mark.engine

PROJECT = "newsdesk-production-test"
LISTENING = {
    "postgres": 5432, "redis": 6379, "mlflow": 5001, "api": 8000, "exporter": 9101, "airflow-api-server": 8080,
    "prometheus": 9090, "alertmanager": 9093,
}  # fmt: skip
CONNECT = """
import json, socket, sys
for host, port in json.loads(sys.argv[1]):
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        continue
    print(host)
"""


@pytest.fixture(scope="module")
def processes() -> Iterator[set[bytes]]:
    """What every process was started with, from before the first secret is made."""
    with arguments_of_all_processes() as seen:
        yield seen


@pytest.fixture(scope="module")
def secrets(folder: Path, processes: set[bytes]) -> Path:
    """Random secrets, and a certificate for localhost."""
    made = folder / "secrets"
    environment = os.environ | {"NEWSDESK_SECRETS": str(made)}
    subprocess.run([ROOT / "scripts" / "setup_env.sh", "--production"], env=environment, check=True, timeout=60)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "30", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost,DNS:mlflow.localhost,IP:127.0.0.1",
         "-keyout", made / "tls_key", "-out", made / "tls_certificate"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    (made / "tls_key").chmod(0o644)
    return made


@pytest.fixture(scope="module")
def stack(engine: Engine, secrets: Path) -> Iterator[Stack]:
    """Version `first`, deployed where nothing was before. Without Grafana, whose image cannot be had everywhere."""
    variables = {
        "NEWSDESK_SECRETS": str(secrets),
        "COMPOSE_PROJECT_NAME": PROJECT,
        "LISTEN_ADDRESS": "127.0.0.1",
        "HTTP_PORT": str(free_port()),
        "HTTPS_PORT": str(free_port()),
        "ACME_WEBROOT": str(secrets.parent),
        "API_WORKERS": "1",
        "API_REPLICAS": "2",
        "NEWSDESK_TAG": "first",
    }
    running = Stack(engine, ("compose.prod.yaml", "compose.scale.yaml"), variables)
    services = running.compose("config", "--services").split()
    variables["SERVICES"] = " ".join(name for name in services if name != "grafana")
    try:
        print(deploy(running, "first", "--build"))
        yield running
    finally:
        running.down()


@pytest.fixture(scope="module")
def client(stack: Stack, secrets: Path) -> Iterator[httpx.Client]:
    with client_of(stack.variables["HTTPS_PORT"], secrets / "tls_certificate") as asking_it:
        yield asking_it


@pytest.fixture(scope="module")
def token(stack: Stack, client: httpx.Client) -> str:
    """Of a newsroom, with a model trained."""
    stack.compose("--profile", "train", "run", "--rm", "-T", "train")
    key = json.loads(stack.maintenance("keys", "create", "newsroom", "--json"))["key"]
    eventually(lambda: client.get("/health").status_code == 200, "the new champion is served")
    return str(client.post("/auth/token", json={"api_key": key}).json()["access_token"])


def make_version(engine: Engine, tag: str, *changes: str) -> None:
    """Images under this tag: those that were built, with changes in the one of the API."""
    for target in TARGETS:
        engine.run("docker", "tag", f"{target}:latest", f"{target}:{tag}")
    if changes:
        lines = "\\n".join(("FROM newsdesk:latest", *changes))
        engine.run("sh", "-c", f"printf '{lines}\\n' | docker build --tag newsdesk:{tag} -")


def deploy(stack: Stack, tag: str, images: str = "--as-is", code: int = 0) -> str:
    """What the script prints, which must end with that exit code."""
    stack.variables["NEWSDESK_TAG"] = tag
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | stack.variables | {"DOCKER_HOST": stack.engine.address, "PATH": path}
    done = subprocess.run(
        [ROOT / "scripts" / "deploy_prod.sh", images], env=environment, capture_output=True, text=True, timeout=1200,
        check=False,
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.returncode == code, told[-6000:]
    return told


def test_plain_http_leads_to_tls(stack: Stack) -> None:
    answer = httpx.get(f"http://127.0.0.1:{stack.variables['HTTP_PORT']}/health", timeout=30)
    assert answer.status_code == 308
    assert answer.headers["location"] == "https://127.0.0.1/health"


def test_a_prediction_needs_a_token(client: httpx.Client, token: str) -> None:
    assert client.post("/predict", json=QUESTION).status_code == 401
    answer = client.post("/predict", json=QUESTION, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.json()["prediction"] == "technology"
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


def test_mlflow_asks_who_is_there(client: httpx.Client) -> None:
    assert client.get("/", headers={"Host": "mlflow.localhost"}).status_code == 401


def test_airflow_asks_who_is_there(client: httpx.Client) -> None:
    assert client.get("/api/v2/dags", headers={"Host": "airflow.localhost"}).status_code == 401


def test_metrics_are_not_for_the_outside(client: httpx.Client) -> None:
    assert client.get("/metrics").status_code == 404


def test_prometheus_reaches_every_target_inside(stack: Stack) -> None:
    def health() -> dict[str, str]:
        asked = "import urllib.request as u; print(u.urlopen('http://prometheus:9090/api/v1/targets').read().decode())"
        told = stack.compose("exec", "-T", "exporter", PYTHON, "-c", asked)
        return {one["scrapeUrl"]: one["health"] for one in json.loads(told)["data"]["activeTargets"]}

    eventually(lambda: set(health().values()) == {"up"}, "every target is up")
    assert len(health()) >= 8


def test_only_nginx_has_published_ports(stack: Stack) -> None:
    published = {
        service
        for service, told in stack.containers().items()
        if any((told["NetworkSettings"]["Ports"] or {}).values())
    }
    assert published == {"nginx"}


def test_from_the_network_with_the_published_ports_nobody_but_nginx_is_reached(stack: Stack) -> None:
    """A container on that network tries the addresses of all the others."""
    addresses = {
        service: told["NetworkSettings"]["Networks"][f"{PROJECT}_inside"]["IPAddress"]
        for service, told in stack.containers().items()
        if service in LISTENING
    }
    assert addresses.keys() == LISTENING.keys()
    targets = [("nginx", 443), *((addresses[service], port) for service, port in LISTENING.items())]
    reached = stack.engine.run(
        "docker", "run", "--rm", "--network", f"{PROJECT}_edge", "--entrypoint", PYTHON,
        "newsdesk:first", "-c", CONNECT, json.dumps(targets),
    )  # fmt: skip
    assert reached.split() == ["nginx"]


def test_what_is_inside_alone_reaches_nothing_outside(stack: Stack) -> None:
    """Alertmanager has an address outside, too: the scheduler, which may go out, reaches it there, the API does not."""
    networks = stack.containers()["alertmanager"]["NetworkSettings"]["Networks"]
    outside = [(networks[f"{PROJECT}_outward"]["IPAddress"], LISTENING["alertmanager"])]
    reached = {
        service: stack.compose("exec", "-T", service, PYTHON, "-c", CONNECT, json.dumps(outside)).split()
        for service in ("airflow-scheduler", "api")
    }
    assert reached == {"airflow-scheduler": [outside[0][0]], "api": []}


def test_every_container_is_hardened_and_cannot_write_its_root(stack: Stack) -> None:
    for service, told in stack.containers().items():
        host = told["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert host["SecurityOpt"] == ["no-new-privileges:true"], service
        assert host["Memory"] > 0, service
        assert host["PidsLimit"] > 0, service
        assert told["Config"]["User"] not in ("", "0", "root"), service
        if told["State"]["Status"] == "running":
            written = stack.compose("exec", "-T", service, "sh", "-c", "touch /written 2> /dev/null || echo refused")
            assert written.strip() == "refused", service


def test_doctor_finds_nothing_wrong(stack: Stack, token: str) -> None:
    findings = json.loads(stack.maintenance("doctor", "--json"))["findings"]
    assert [one for one in findings if one["level"] == "problem"] == []


def test_a_backup_is_sealed_and_whole(stack: Stack, token: str) -> None:
    made = json.loads(stack.maintenance("backup", "--json"))
    assert made["encrypted"] is True
    assert made["warnings"] == []
    assert json.loads(stack.maintenance("backup", "--verify", made["archive"], "--json"))["whole"] is True


def test_a_new_version_comes_without_a_failed_request(
    engine: Engine, stack: Stack, secrets: Path, token: str, client: httpx.Client
) -> None:
    make_version(engine, "second", "ENV VERSION=second")
    with asking(stack.variables["HTTPS_PORT"], secrets / "tls_certificate", token) as asked:
        told = deploy(stack, "second")
    print(f"\nfirst → second: {dict(asked.answers)}, {asked.retried} sent again")
    assert "second is in production" in told
    assert engine.inspect("newsdesk:latest")["Id"] == engine.inspect("newsdesk:second")["Id"]
    assert images_of_the_api(stack) == ["newsdesk:second"] * 2
    assert asked.failures == []
    assert asked.answers.keys() == {200}


@pytest.mark.parametrize(
    ("tag", "change"),
    [
        ("that-is-never-healthy", "HEALTHCHECK --interval=1s --start-period=1s --retries=2 CMD false"),
        ("that-cannot-migrate", 'ENTRYPOINT ["false"]'),
    ],
)
def test_a_version_that_is_no_good_is_taken_back_without_a_failed_request(
    engine: Engine, stack: Stack, secrets: Path, token: str, tag: str, change: str
) -> None:
    make_version(engine, tag, change)
    with asking(stack.variables["HTTPS_PORT"], secrets / "tls_certificate", token) as asked:
        told = deploy(stack, tag, code=1)
    print(f"\nsecond → {tag} → second: {dict(asked.answers)}, {asked.retried} sent again")
    assert "second runs again" in told
    assert images_of_the_api(stack) == ["newsdesk:second"] * 2
    assert asked.failures == []
    assert asked.answers.keys() == {200}


def test_a_new_version_is_pulled_from_a_registry(
    engine: Engine, stack: Stack, secrets: Path, token: str, folder: Path, missing: Callable[[str], None]
) -> None:
    if not shutil.which(registry.PROGRAM):
        missing(registry.PROGRAM)
    make_version(engine, "third", "ENV VERSION=third")
    with registry.registry(folder / "registry") as address:
        for target in TARGETS:
            engine.run("docker", "tag", f"{target}:third", f"{address}/{target}:third")
            engine.run("docker", "push", "--quiet", f"{address}/{target}:third", timeout=1200)
            engine.run("docker", "rmi", f"{target}:third", f"{address}/{target}:third")
        stack.variables["NEWSDESK_REGISTRY"] = f"{address}/"
        with asking(stack.variables["HTTPS_PORT"], secrets / "tls_certificate", token) as asked:
            told = deploy(stack, "third", "--pull")
    print(f"\nsecond → third, from a registry: {dict(asked.answers)}, {asked.retried} sent again")
    assert "third is in production" in told
    assert images_of_the_api(stack) == [f"{address}/newsdesk:third"] * 2
    assert asked.failures == []
    assert asked.answers.keys() == {200}


def images_of_the_api(stack: Stack) -> list[str]:
    return [told["Config"]["Image"] for told in stack.inspected("api")]


def test_no_secret_is_in_the_configuration_in_a_log_in_an_environment_or_in_a_list_of_processes(
    stack: Stack, secrets: Path, token: str, processes: set[bytes]
) -> None:
    values = {file.name: file.read_text(encoding="utf-8") for file in secrets.iterdir() if file.stat().st_size > 12}
    assert {"newsdesk_db_password", "newsdesk_api_key", "prometheus_api_key", "backup_passphrase"} <= values.keys()
    shown = {"config": stack.compose("config"), "logs": stack.compose("logs", "--no-color")}
    for told in stack.inspected():
        shown[f"environment of {told['Name']}"] = str(told["Config"])
    shown["processes"] = b"\n".join(processes).decode(errors="replace")
    assert "mlflow" in shown["processes"]
    for name, value in values.items():
        assert [where for where, text in shown.items() if value.strip() in text] == [], name
