"""What the tests of the endpoints share: fitted models, and an application that runs, with a store of its own."""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier

from newsdesk.config.settings import Settings
from newsdesk.model.predictor import Predictor
from newsdesk.serving.app import create_app
from newsdesk.serving.hardened_http_protocol import HardenedHttpProtocol
from newsdesk.serving.logs import LogFormatter
from newsdesk.serving.server_state import ServerState
from tests.builders import fitted_bundle, settings_in
from tests.serving import ADDRESS, service_of, value_of

HEADLINE = "Striker scores twice as the champions win the cup final"
MARK = "Kaleidoscopes"  # stands in texts, and may come back in no log, metric or failure

_CLASSIFIERS = {
    "LogisticRegression": LogisticRegression(),
    "MultinomialNB": MultinomialNB(),
    "MLPClassifier": MLPClassifier(hidden_layer_sizes=[8], learning_rate_init=0.05, random_state=1),
    "RandomForestClassifier": RandomForestClassifier(n_estimators=10, max_depth=5, random_state=1),
}
KINDS = tuple(_CLASSIFIERS)


@cache
def predictor(kind: str = "LogisticRegression") -> Predictor:
    return Predictor(fitted_bundle(_CLASSIFIERS[kind], per_category=20))


@dataclass(frozen=True)
class Api:
    """A running application, and what it is made of. It runs on while something is asked of it."""

    service: ServerState
    app: FastAPI
    runner: asyncio.Runner

    @property
    def settings(self) -> Settings:
        return self.service.settings

    def call(self, method: str, path: str, client: str = "127.0.0.1", **request: Any) -> httpx.Response:
        """One request, from the address `client`, and its answer. Unlike httpx, this also sends broken Unicode."""
        if "json" in request:
            request["content"] = json.dumps(request.pop("json")).encode()
            request["headers"] = {"Content-Type": "application/json"} | request.get("headers", {})

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(client, 50000))
            async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as connected:
                return await connected.request(method, path, **request)

        return self.runner.run(send())

    def get(self, path: str, **request: Any) -> httpx.Response:
        return self.call("GET", path, **request)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return self.call("POST", path, **request)

    def predict(self, text: str = HEADLINE, client: str = "127.0.0.1", **more: Any) -> dict[str, Any]:
        """The answer to one text, once it is certain that there is one."""
        response = self.post("/predict", client=client, json={"text": text, **more})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body

    def metric(self, name: str, **labels: str) -> float:
        """A value of the server, as /metrics tells it; 0 where it is not there yet."""
        for metric, values, value in self.service.samples():
            if metric.name == name and dict(zip(metric.labels, values, strict=True)) == labels:
                return value
        return value_of(self.service.metrics, name, labels) or 0.0


@contextmanager
def running(
    folder: Path, answering: Predictor | None = None, *, without_model: bool = False, **environment: str
) -> Iterator[Api]:
    """An application that has started and is stopped in the end; its state lies under `folder`."""
    champion = None if without_model else answering or predictor()
    service = service_of(settings_in(folder, **environment), champion)
    with asyncio.Runner() as runner, started(runner, service):
        yield Api(service, create_app(service), runner)


@contextmanager
def started(runner: asyncio.Runner, service: ServerState) -> Iterator[None]:
    """Start a service, and stop it in the end."""
    runner.run(service.start())
    try:
        yield
    finally:
        runner.run(service.stop())


@contextmanager
def listening(app: FastAPI, head_timeout: float = 30) -> Iterator[str]:
    """The address at which a real server answers with `app`."""
    protocol: Any = partial(HardenedHttpProtocol, head_timeout=head_timeout)
    config = uvicorn.Config(app, port=0, log_config=None, http=protocol, ws="none", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def rows_of(settings: Settings, table: str) -> list[dict[str, Any]]:
    """What a stopped service left in a table of its store, in the order in which it came."""
    with closing(sqlite3.connect(settings.home / "newsdesk.db")) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY rowid")]


def request_lines(api: Api, caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What the access log says of the requests so far, once it says something."""

    async def written() -> None:
        while not any(record.name == "newsdesk.access" for record in caplog.records):
            await asyncio.sleep(0.01)

    api.runner.run(asyncio.wait_for(written(), 10))
    records = [record for record in caplog.records if record.name == "newsdesk.access"]
    return [json.loads(line) for record in records for line in LogFormatter("json").format(record).splitlines()]


def code_of(response: httpx.Response) -> str:
    """The code of a failure, once it is certain that it has the one shape."""
    body = response.json()
    assert list(body) == ["error", "message", "code", "request_id", "timestamp"]
    assert body["request_id"] == response.headers["x-request-id"]
    return str(body["code"])
