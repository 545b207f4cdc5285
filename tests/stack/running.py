"""`newsdesk serve` as a process of its own, and the models that it serves."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families
from sklearn.naive_bayes import MultinomialNB
from sqlalchemy import text

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.config.settings import Settings
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import save_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from newsdesk.store.database import open_store
from tests.builders import bundle_of, fit_pipeline, sample_texts
from tests.stack.load import MARK
from tests.stack.servers import free_port
from tests.waiting import PATIENCE, eventually


@cache
def fitted(alpha: float) -> tuple[Any, Bundle]:
    """A pipeline that is quick to fit, and its bundle; another one for every `alpha`."""
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    pipeline = fit_pipeline(MultinomialNB(alpha=alpha), *sample_texts(10), cleaning, tfidf)
    return pipeline, bundle_of(pipeline, cleaning, tfidf)


@cache
def predictor(alpha: float) -> Predictor:
    return Predictor(fitted(alpha)[1])


def register(settings: Settings, alpha: float) -> str:
    """Register the next version, as training does, and return its number. Imports MLflow."""
    from newsdesk.registry.mlflow_registry import MlflowRegistry
    from newsdesk.registry.tracking import Tracking

    pipeline, bundle = fitted(alpha)
    tracking = Tracking(settings)
    run = tracking.start("train", {})
    version = MlflowRegistry(settings).register(bundle, pipeline, run)
    tracking.finish(run)
    return version.version


def put_in_charge(home: Path, version: str = "1", alpha: float = 1.0) -> None:
    """Leave in `home` what a promotion leaves there."""
    bundle = fitted(alpha)[1]
    name = bundle_folder_name(bundle.digest)
    save_bundle(bundle, home / "bundles" / name)
    write_champion_pointer(home / "bundles", ChampionPointer(version=version, digest=bundle.digest, bundle=name))


@dataclass(frozen=True)
class Server:
    """A running server, and what it wrote to standard error so far. `key`: the API key that it is asked with."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    key: str | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"X-API-Key": self.key} if self.key else {}

    def get(self, path: str) -> Any:
        return httpx.get(f"{self.address}{path}", headers=self.headers, timeout=PATIENCE).json()

    def post(self, path: str, **request: Any) -> httpx.Response:
        return httpx.post(f"{self.address}{path}", timeout=PATIENCE, **request)

    def is_healthy(self) -> bool:
        return bool(self.get("/health")["status"] == "healthy")

    def problem(self) -> str:
        """All that health tells of."""
        return " ".join(self.get("/health")["problems"])

    def metrics(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Every value by name and labels."""
        families = text_string_to_metric_families(
            httpx.get(f"{self.address}/metrics", headers=self.headers, timeout=PATIENCE).text
        )
        samples = [sample for family in families for sample in family.samples]
        return {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}

    def metric(self, name: str, **labels: str) -> float:
        """The sum of all values of that name with these labels, 0 where there is none."""
        return sum(
            value
            for (found, has), value in self.metrics().items()
            if found == name and frozenset(labels.items()) <= has
        )

    def log_is_written(self) -> bool:
        """Whether every prediction is in the store, in the spool, or lost."""
        records = [self.metric("prediction_log_records_total", result=result) for result in ("written", "dropped")]
        return sum(records) == self.metric("predictions_total")

    def starts(self) -> int:
        """How many processes have begun to answer so far."""
        return self.log.read_text(encoding="utf-8").count("Application startup complete")

    def workers(self) -> list[int]:
        """Process ids of the workers, oldest first."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [child for child in map(int, children.split()) if b"spawn_main" in _command(child)]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

    def lines(self) -> list[dict[str, Any]]:
        """The log: JSON line by line, every answered request by its id, and never what was sent."""
        content = self.log.read_text(encoding="utf-8")
        assert MARK not in content
        lines = [json.loads(line) for line in content.splitlines()]
        assert all(line.keys() >= {"time", "level", "logger", "message"} for line in lines)
        assert all(line.get("request_id") for line in lines if line["logger"] == "newsdesk.access")
        return lines

    def answered(self) -> set[str]:
        """The ids of the predictions that were answered as the log tells."""
        lines = [line for line in self.lines() if line["message"] == "POST /predict 200"]
        return {line["request_id"] for line in lines}


@contextmanager
def serving(folder: Path, home: Path, *arguments: str, port: int | None = None, **settings: str) -> Iterator[Server]:
    """Start the command, wait until it answers, stop it in the end, and look through its log."""
    port, log = port or free_port(), folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "newsdesk", "serve", "--port", str(port), *arguments],
            cwd=folder,
            env=dict(os.environ) | {"NEWSDESK_HOME": str(home)} | settings,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        eventually(lambda: _answers(server), "the server answers")
        yield server
        if process.poll() is None:
            assert server.stop() in (0, -signal.SIGTERM)
        server.lines()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # its workers, too
        process.wait(timeout=PATIENCE)


@contextmanager
def only(worker: int, among: list[int]) -> Iterator[None]:
    """Let one worker answer, and the others sleep. Not for longer than five seconds, or they are replaced."""
    others = [other for other in among if other != worker]
    for other in others:
        os.kill(other, signal.SIGSTOP)
        eventually(lambda: _state(other) == "T", "the worker sleeps")  # noqa: B023 - until then it may still accept
    try:
        yield
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)


def column(address: str, table: str, name: str = "id") -> list[str]:
    """What the store holds in a column."""
    store = open_store(address)
    try:
        with store.connect() as connection:
            return list(connection.execute(text(f"SELECT {name} FROM {table}")).scalars())
    finally:
        store.dispose()


def _answers(server: Server) -> bool:
    assert server.process.poll() is None, server.log.read_text(encoding="utf-8")
    try:
        httpx.get(f"{server.address}/ready", timeout=5)
    except httpx.TransportError:
        return False
    return True


def _state(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
