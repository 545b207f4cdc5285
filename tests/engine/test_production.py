"""compose.prod.yaml on a real engine: TLS, a token, no door but nginx, and nothing that a container does not need."""

import os
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.engine.engine import ROOT, Engine, Stack
from tests.stack.servers import free_port
from tests.waiting import eventually

pytestmark = pytest.mark.engine
QUESTION = {"text": "Apple unveils revolutionary new AI chip for machine learning"}


@pytest.fixture(scope="module")
def secrets(folder: Path) -> Path:
    """Random secrets, and a certificate for localhost."""
    made = folder / "secrets"
    environment = os.environ | {"NEWSDESK_SECRETS": str(made)}
    subprocess.run([ROOT / "scripts" / "setup_env.sh", "--production"], env=environment, check=True, timeout=60)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,DNS:mlflow.localhost,IP:127.0.0.1",
         "-keyout", made / "tls_key", "-out", made / "tls_certificate"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    (made / "tls_key").chmod(0o444)
    return made


@pytest.fixture(scope="module")
def stack(engine: Engine, secrets: Path) -> Iterator[Stack]:
    variables = {
        "NEWSDESK_SECRETS": str(secrets),
        "COMPOSE_PROJECT_NAME": "newsdesk-production-test",
        "LISTEN_ADDRESS": "127.0.0.1",
        "HTTP_PORT": str(free_port()),
        "HTTPS_PORT": str(free_port()),
        "ACME_WEBROOT": str(secrets.parent),
        "API_WORKERS": "1",
    }
    running = Stack(engine, ("compose.prod.yaml",), variables)
    try:
        running.up("grafana")
        yield running
    finally:
        running.down()


@pytest.fixture(scope="module")
def client(stack: Stack, secrets: Path) -> Iterator[httpx.Client]:
    """Asks by TLS, and believes this certificate alone."""
    context = ssl.create_default_context(cafile=str(secrets / "tls_certificate"))
    with httpx.Client(
        base_url=f"https://localhost:{stack.variables['HTTPS_PORT']}", verify=context, timeout=30
    ) as asking:
        yield asking


def test_plain_http_leads_to_tls(stack: Stack) -> None:
    answer = httpx.get(f"http://127.0.0.1:{stack.variables['HTTP_PORT']}/health", timeout=30)
    assert answer.status_code == 308
    assert answer.headers["location"] == "https://127.0.0.1/health"


def test_a_prediction_needs_a_token(client: httpx.Client, stack: Stack) -> None:
    assert client.post("/predict", json=QUESTION).status_code == 401
    stack.compose("--profile", "train", "run", "--rm", "-T", "train")
    key = (
        stack.compose("run", "--rm", "-T", "--no-deps", "migrate", "keys", "create", "newsroom")
        .strip()
        .splitlines()[-1]
    )

    token = client.post("/auth/token", json={"api_key": key}).json()["access_token"]
    eventually(lambda: client.get("/health").status_code == 200, "the new champion is served")
    answer = client.post("/predict", json=QUESTION, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


def test_mlflow_asks_who_is_there(client: httpx.Client, stack: Stack) -> None:
    assert client.get("/", headers={"Host": "mlflow.localhost"}).status_code == 401


def test_metrics_are_not_for_the_outside(client: httpx.Client) -> None:
    assert client.get("/metrics").status_code == 404


def test_only_nginx_has_published_ports(stack: Stack) -> None:
    published = {
        service
        for service, told in stack.containers().items()
        if any((told["NetworkSettings"]["Ports"] or {}).values())
    }
    assert published == {"nginx"}


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


def test_no_secret_is_in_the_configuration_in_a_log_in_an_environment_or_in_a_list_of_processes(
    stack: Stack, secrets: Path
) -> None:
    values = {file.name: file.read_text(encoding="utf-8") for file in secrets.iterdir() if file.stat().st_size > 12}
    shown = {"config": stack.compose("config"), "logs": stack.compose("logs", "--no-color")}
    for service, told in stack.containers().items():
        shown[f"environment of {service}"] = str(told["Config"])
        if told["State"]["Status"] == "running":
            shown[f"processes of {service}"] = stack.engine.run("docker", "top", told["Id"], "-eo", "pid,args")
    for name, value in values.items():
        assert [where for where, text in shown.items() if value.strip() in text] == [], name
