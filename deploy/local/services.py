"""Every server of a stack, in the order in which they need one another."""

import sys
from collections.abc import Mapping

from deploy.local import postgresql
from deploy.local.airflow_services import airflow_services, exporter_environment
from deploy.local.ports import HOST
from deploy.local.programs import path_of
from deploy.local.service import Service
from deploy.local.stack import ROOT, Stack


def services_of(stack: Stack) -> list[Service]:
    """All servers. What is told of before can do without what comes after."""
    return [
        postgresql.service(stack),
        _mlflow(stack),
        *(_api(stack, port) for port in stack.replicas),
        _nginx(stack),
        *(airflow_services(stack, newsdesk_environment(stack)) if stack.with_airflow else []),
        _newsdesk_exporter(stack),
        *_exporters(stack),
        _alertmanager(stack),
        _prometheus(stack),
    ]


def newsdesk_environment(stack: Stack) -> Mapping[str, str]:
    """What the `newsdesk` command has to know."""
    return {
        "NEWSDESK_HOME": str(stack.newsdesk_home),
        "NEWSDESK_CONFIG_DIR": str(ROOT / "configs"),
        "NEWSDESK_DATABASE_URL": stack.database("newsdesk"),
        "MLFLOW_TRACKING_URI": stack.mlflow_address,
        "API_SECRET_KEY": stack.passwords.api_tokens,
        "API_TRUSTED_PROXIES": HOST,
    }


def api_name(port: int) -> str:
    """What the server of the API on that port is called."""
    return f"api-{port}"


def _mlflow(stack: Stack) -> Service:
    folder, port = stack.home / "mlflow", str(stack.ports.mlflow)
    options = ("--host", HOST, "--port", port, "--workers", "1", "--serve-artifacts")
    return Service(
        name="mlflow",
        command=(sys.executable, "-m", "mlflow", "server", *options, "--expose-prometheus", str(folder / "metrics")),
        folder=folder,
        health=f"{stack.mlflow_address}/health",
        environment={
            "MLFLOW_BACKEND_STORE_URI": stack.database("mlflow", scheme="postgresql+psycopg"),
            "MLFLOW_ARTIFACTS_DESTINATION": str(folder / "artifacts"),
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight processes that nothing here needs
            "MLFLOW_DISABLE_TELEMETRY": "true",
        },
        stop_group=True,
    )


def _api(stack: Stack, port: int) -> Service:
    return Service(
        name=api_name(port),
        command=(sys.executable, "-m", "newsdesk", "serve", "--host", HOST, "--port", str(port)),
        folder=stack.newsdesk_home,
        health=f"http://{HOST}:{port}/ready",
        environment=newsdesk_environment(stack),
    )


def _nginx(stack: Stack) -> Service:
    folder = stack.home / "nginx"
    return Service(
        name="nginx",
        command=(path_of("nginx"), "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr"),
        folder=folder,
        health=f"http://{HOST}:{stack.ports.api}/ready",
        stop_signal="QUIT",  # what has begun is answered
    )


def _newsdesk_exporter(stack: Stack) -> Service:
    port = str(stack.ports.exporter)
    looks = exporter_environment(stack) if stack.with_airflow else {}
    return Service(
        name="exporter",
        command=(sys.executable, "-m", "newsdesk", "exporter", "--host", HOST, "--port", port),
        folder=stack.newsdesk_home,
        health=f"http://{HOST}:{port}/metrics",
        environment={**newsdesk_environment(stack), **looks},
    )


def _exporters(stack: Stack) -> list[Service]:
    ports = stack.ports
    source = f"{stack.database('postgres', 'exporter')}?sslmode=disable"
    scraped = f"-nginx.scrape-uri=http://{HOST}:{ports.nginx_status}/stub_status"
    return [
        _listening(stack, "node_exporter", ports.node_exporter),
        _listening(stack, "postgres_exporter", ports.postgres_exporter, environment={"DATA_SOURCE_NAME": source}),
        _listening(stack, "nginx_exporter", ports.nginx_exporter, scraped, option="-web.listen-address"),
    ]


def _alertmanager(stack: Stack) -> Service:
    data = f"--storage.path={stack.home / 'alertmanager' / 'data'}"
    arguments = ("--config.file=config.yml", data, "--cluster.listen-address=")
    return _listening(stack, "alertmanager", stack.ports.alertmanager, *arguments, health="/-/ready")


def _prometheus(stack: Stack) -> Service:
    arguments = ("--config.file=prometheus.yml", f"--storage.tsdb.path={stack.home / 'prometheus' / 'data'}")
    return _listening(stack, "prometheus", stack.ports.prometheus, *arguments, health="/-/ready")


def _listening(
    stack: Stack,
    name: str,
    port: int,
    *arguments: str,
    option: str = "--web.listen-address",
    health: str = "/metrics",
    environment: Mapping[str, str] | None = None,
) -> Service:
    """A server of Prometheus' family: they are all told in the same way where to listen."""
    return Service(
        name=name.replace("_", "-"),
        command=(path_of(name), *arguments, f"{option}={HOST}:{port}"),
        folder=stack.home / name,
        health=f"http://{HOST}:{port}{health}",
        environment=environment or {},
    )
