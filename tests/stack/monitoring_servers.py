"""Prometheus, Alertmanager, exporters and nginx for tests: on free loopback ports, and nothing left behind."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from deploy.local.ports import free_port
from deploy.local.programs import program
from tests.waiting import PATIENCE, eventually

_SOON = ("--log.level=warn", "--rules.alert.resend-delay=1s")


def require(missing: Callable[[str], None], *names: str) -> None:
    """Tell the fixture `missing` of the first of these programs that is not installed."""
    for name in names:
        if program(name) is None:
            missing(name)


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    address: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query: `metric` (labels) and `value` (time, value as text) of each."""
        answer = httpx.get(f"{self.address}/api/v1/query", params={"query": expression}, timeout=PATIENCE).json()
        assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
        result: list[dict[str, Any]] = answer["data"]["result"]
        return result

    def firing(self) -> set[str]:
        """The names of the alerts that fire."""
        return {series["metric"]["alertname"] for series in self.query('ALERTS{alertstate="firing"}')}

    def targets(self) -> dict[str, str]:
        """The health of each job's targets: up, down or unknown."""
        answer = httpx.get(f"{self.address}/api/v1/targets", timeout=PATIENCE).json()
        return {target["labels"]["job"]: target["health"] for target in answer["data"]["activeTargets"]}


@contextmanager
def prometheus(
    targets: Mapping[str, str] | None = None,
    *,
    config: str | None = None,
    rules: Sequence[Path] = (),
    alertmanager: str | None = None,
    interval: str = "500ms",
) -> Iterator[Prometheus]:
    """A Prometheus that scrapes `targets`, addresses (with their paths) by job, or all that `config` says."""
    written = config or yaml.safe_dump(_scraping(targets or {}, rules, alertmanager, interval))
    with _folder("prometheus") as folder:
        (folder / "prometheus.yml").write_text(written, encoding="utf-8")
        # It knows its targets, and where to send alerts, after five seconds: alerts of before are sent again soon.
        arguments = ["--config.file=prometheus.yml", f"--storage.tsdb.path={folder}/data", *_SOON]
        with running("prometheus", folder, *arguments, ready="/-/ready") as address:
            yield Prometheus(address)


@contextmanager
def alertmanager(config: str, folder: Path | None = None) -> Iterator[str]:
    """An Alertmanager; yields its address. Files that `config` names beside it are taken from `folder`."""
    with _folder("alertmanager") as own:
        if folder:
            shutil.copytree(folder, own, dirs_exist_ok=True)
        (own / "config.yml").write_text(config, encoding="utf-8")
        arguments = ["--config.file=config.yml", f"--storage.path={own}/data", "--cluster.listen-address="]
        with running("alertmanager", own, *arguments, ready="/-/ready") as address:
            yield address


@contextmanager
def node_exporter() -> Iterator[str]:
    """Metrics of this machine; yields the address, as the other exporters do."""
    with _folder("node") as folder, running("node_exporter", folder) as address:
        yield address


@contextmanager
def postgres_exporter(database: str) -> Iterator[str]:
    """Metrics of the PostgreSQL at `database`, a postgresql:// address."""
    source = f"{database}?sslmode=disable"
    with _folder("postgres") as folder, running("postgres_exporter", folder, DATA_SOURCE_NAME=source) as address:
        yield address


@contextmanager
def nginx(upstream: str | None = None) -> Iterator[str]:
    """An nginx with its figures at /stub_status, in front of `upstream`, or of nothing."""
    with _folder("nginx") as folder:
        port = free_port()
        (folder / "nginx.conf").write_text(_nginx_configuration(port, upstream), encoding="utf-8")
        arguments = ["-p", f"{folder}/", "-c", "nginx.conf", "-e", "error.log"]
        with running("nginx", folder, *arguments, port=port, ready="/stub_status") as address:
            yield address


@contextmanager
def nginx_exporter(server: str) -> Iterator[str]:
    """Metrics of the nginx at `server`."""
    arguments = [f"-nginx.scrape-uri={server}/stub_status"]
    listen = "-web.listen-address={}"
    with _folder("nginx-exporter") as folder, running("nginx_exporter", folder, *arguments, listen=listen) as address:
        yield address


@contextmanager
def blackbox_exporter(modules: Mapping[str, Any]) -> Iterator[str]:
    """Probes of other addresses, by `modules` as its configuration has them."""
    with _folder("blackbox") as folder:
        (folder / "blackbox.yml").write_text(yaml.safe_dump({"modules": dict(modules)}), encoding="utf-8")
        with running("blackbox_exporter", folder, "--config.file=blackbox.yml") as address:
            yield address


def _scraping(
    targets: Mapping[str, str], rules: Sequence[Path], alertmanager: str | None, interval: str
) -> dict[str, Any]:
    jobs = []
    for job, target in targets.items():
        parts = urlsplit(target)
        where = {"metrics_path": parts.path or "/metrics", "static_configs": [{"targets": [parts.netloc]}]}
        jobs.append({"job_name": job} | where)
    managers = [{"static_configs": [{"targets": [urlsplit(alertmanager).netloc]}]}] if alertmanager else []
    return {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": [str(rule) for rule in rules],
        "alerting": {"alertmanagers": managers},
        "scrape_configs": jobs,
    }


def _nginx_configuration(port: int, upstream: str | None) -> str:
    behind = f"proxy_pass {upstream};" if upstream else "return 404;"
    temporary = " ".join(f"{kind}_temp_path temp;" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return (
        "daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n"
        f"server {{ listen 127.0.0.1:{port}; location /stub_status {{ stub_status; }} location / {{ {behind} }} }} }}\n"
    )


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    folder = Path(mkdtemp(prefix=f"newsdesk-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def running(
    name: str,
    folder: Path,
    *arguments: str,
    ready: str = "/metrics",
    port: int | None = None,
    listen: str = "--web.listen-address={}",
    **environment: str,
) -> Iterator[str]:
    """A program in `folder`, from when it answers at `ready`; told where to listen where `port` is not given."""
    found = program(name)
    assert found, f"{name} is not installed"
    where = f"127.0.0.1:{port or free_port()}"
    told = [] if port else [listen.format(where)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [found, *arguments, *told], cwd=folder, stdout=log, stderr=log, env=dict(os.environ) | environment
        )
    try:
        eventually(lambda: _answers(f"http://{where}{ready}", process, folder / "log"), f"{name} answers")
        yield f"http://{where}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)


def _answers(address: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text(encoding="utf-8")
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False
