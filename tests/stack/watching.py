"""All of Newsdesk as it stands in production, with everything that watches it, for as long as a test takes."""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import httpx
import yaml

from monitoring.grafana.source.variables import concrete
from newsdesk.config.settings import Settings
from newsdesk.pipeline.monitor import monitor
from newsdesk.pipeline.progress import NoProgress
from newsdesk.registry.mlflow_registry import MlflowRegistry
from tests.builders import sample_rows, write_csv
from tests.stack.monitoring_servers import (
    Prometheus,
    nginx,
    nginx_exporter,
    node_exporter,
    postgres_exporter,
    prometheus,
)
from tests.stack.newsroom import busy
from tests.stack.running import serving
from tests.stack.servers import free_port, mlflow_server, postgresql
from tests.waiting import PATIENCE, eventually
from tests.warm import warm_newsdesk

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "monitoring" / "prometheus"
PROGRAMS = ("prometheus", "node_exporter", "postgres_exporter", "nginx", "nginx_exporter")
WINDOW = 10  # seconds, in place of an hour
_CONFIGS = {
    "model_config.yaml": "models: {naive_bayes: {alpha: 0.1}, logistic_regression: {C: 10.0}}\n",
    "pipeline_config.yaml": f"""
monitoring:
  window: {WINDOW}
  min_texts: 20
  feedback: {{max_per_editor_and_day: 1000000, max_per_caller_and_day: 1000000}}
""",
}


@dataclass(frozen=True)
class Watched:
    """What Prometheus saw, from `start` to `end`, in seconds since the epoch."""

    prometheus: Prometheus
    start: float
    end: float

    def series(self, expression: str) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """The labels of each series that Grafana would draw, with its points (time, value); those that are no number
        left out."""
        span = f"{math.ceil(self.end - self.start)}s"
        asked = concrete(expression, rate="10s", span=span)
        question: dict[str, str | float] = {"query": asked, "start": self.start, "end": self.end, "step": 2}
        answer = httpx.get(f"{self.prometheus.address}/api/v1/query_range", params=question, timeout=PATIENCE).json()
        assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
        found = [(one["metric"], _numbers(one["values"])) for one in answer["data"]["result"]]
        return [(labels, points) for labels, points in found if points]


@contextmanager
def watched(folder: Path, programs: Path, seconds: int) -> Iterator[Watched]:
    """Train, serve, and let a newsroom work for so many seconds: first as ever, after a promotion, and at last with
    news that drift. `programs` is the folder of PostgreSQL's."""
    (folder / "configs").mkdir()
    for name, text in _CONFIGS.items():
        (folder / "configs" / name).write_text(text, encoding="utf-8")
    with ExitStack() as stack:
        database = stack.enter_context(postgresql(programs))
        with patch.dict(os.environ, {"prometheus_multiproc_dir": str(folder / "mlflow-metrics")}):
            registry = stack.enter_context(mlflow_server(f"sqlite:///{folder / 'mlflow.db'}", folder))
        environment = {
            "NEWSDESK_HOME": str(folder / "var"),
            "NEWSDESK_CONFIG_DIR": str(folder / "configs"),
            "NEWSDESK_DATABASE_URL": database,
            "MLFLOW_TRACKING_URI": registry,
            "EXPORTER_INTERVAL": "1",
            "MODEL_REFRESH_INTERVAL": "1",
            "EXPERIMENT_MODE": "shadow",
            "API_AUTH": "true",
            "API_TRUSTED_PROXIES": "127.0.0.1",
            "API_COUNTRY_HEADER": "X-Country",
        }
        settings = Settings.model_validate(environment)
        _train(folder, settings, environment)
        keys = tuple(_key(environment, name, "predict", "feedback", "monitor") for name in ("newsroom", "website"))
        operator = _key(environment, "operator", "admin")
        (folder / "prometheus-key").write_text(_key(environment, "prometheus", "monitor"), encoding="ascii")
        server = stack.enter_context(serving(folder, folder / "var", "--workers", "2", **environment))
        proxy = stack.enter_context(nginx(server.address))
        targets = {
            "newsdesk-api": server.address,
            "newsdesk-exporter": stack.enter_context(_exporter(folder, environment)),
            "node": stack.enter_context(node_exporter()),
            "postgresql": stack.enter_context(postgres_exporter(database)),
            "nginx": stack.enter_context(nginx_exporter(proxy)),
            "mlflow": registry,
        }
        seen = stack.enter_context(prometheus(config=_scraping(targets, folder / "prometheus-key")))
        start = time.time()
        with busy(proxy, keys, pause=0.02) as set_drifting:
            for phase in range(3):
                set_drifting(phase == 2)
                if phase == 1:
                    promoted = server.post("/model/promote", json={"version": "2"}, headers={"X-API-Key": operator})
                    assert promoted.status_code == 200, promoted.text
                    MlflowRegistry(settings).set_alias("challenger", "1")
                _watch(settings, time.monotonic() + seconds / 3)
        yield Watched(seen, start, time.time())


def _numbers(values: list[tuple[float, str]]) -> list[tuple[float, float]]:
    return [(at, float(value)) for at, value in values if math.isfinite(float(value))]


def _watch(settings: Settings, until: float) -> None:
    """A monitoring pass after each window."""
    while time.monotonic() < until:
        time.sleep(WINDOW / 2)
        monitor(settings, NoProgress())


def _train(folder: Path, settings: Settings, environment: dict[str, str]) -> None:
    """Two versions, the second on more news; the first is in charge, the second is its challenger."""
    for per_category in (25, 60):
        data = write_csv(folder / f"news-{per_category}.csv", sample_rows(per_category))
        _newsdesk(environment, "run", "--data", str(data), "--no-serve")
    registry = MlflowRegistry(settings)
    registry.set_alias("champion", "1")
    registry.set_alias("challenger", "2")


def _key(environment: dict[str, str], name: str, *scopes: str) -> str:
    asked = [part for scope in scopes for part in ("--scope", scope)]
    made = _newsdesk(environment, "keys", "create", name, *asked, "--json")
    return str(json.loads(made)["key"])


def _newsdesk(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [warm_newsdesk(), *arguments],
        env=dict(os.environ) | environment, capture_output=True, text=True, timeout=PATIENCE * 3, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _scraping(targets: dict[str, str], key: Path) -> str:
    """The shipped configuration, every second, with these addresses and without the jobs that have none here."""
    config = yaml.safe_load((SHIPPED / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = [job for job in config["scrape_configs"] if job["job_name"] in targets]
    assert {job["job_name"] for job in jobs} == set(targets)
    for job in jobs:
        job["static_configs"] = [{"targets": [targets[job["job_name"]].removeprefix("http://")]}]
        job.pop("scrape_timeout", None)
    jobs[0]["authorization"] = {"credentials_file": str(key)}
    often = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    rules = [str(SHIPPED / rule) for rule in config["rule_files"]]
    return yaml.safe_dump({"global": often, "rule_files": rules, "scrape_configs": jobs})


@contextmanager
def _exporter(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    port = free_port()
    with (folder / "exporter.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "newsdesk", "exporter", "--port", str(port)],
            env=dict(os.environ) | environment, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        eventually(lambda: _listens(port, process, folder / "exporter.log"), "the exporter answers")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _listens(port: int, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text(encoding="utf-8")
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
