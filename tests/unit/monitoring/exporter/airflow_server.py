"""A small HTTP server that answers as Airflow 3.3.2 does (airflow/api_fastapi/core_api/datamodels)."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "watcher", "not-to-be-shown"


def run_of(state: str, end: str | None, duration: float | None) -> dict[str, Any]:
    """A DAG run, with fields that nobody reads."""
    return {"dag_run_id": "manual__1", "state": state, "end_date": end, "duration": duration, "conf": {}, "note": None}


@dataclass
class AirflowServer:
    """What it answers, and what it was asked. `runs` are newest first; `tokens` are those that are valid."""

    address: str = ""
    components: dict[str, str | None] = field(
        default_factory=lambda: {
            "metadatabase": "healthy",
            "scheduler": "unhealthy",
            "triggerer": None,
            "dag_processor": "healthy",
        }
    )
    runs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    tokens: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    disturb: Callable[[BaseHTTPRequestHandler], bool | None] = lambda _: False  # true where it has answered by itself

    def answer(self, path: str, query: dict[str, list[str]]) -> Any:
        """The answer of `/api/v2/{path}`."""
        match path.split("/"):
            case ["monitor", "health"]:
                return {name: {"status": status} for name, status in self.components.items()}
            case ["dags"]:
                names = sorted(self.runs)[: int(query["limit"][0])]
                dags = [{"dag_id": name, "dag_display_name": name, "is_paused": False} for name in names]
                return {"dags": dags, "total_entries": len(self.runs)}
            case ["dags", name, "dagRuns"]:
                states = query.get("state", ["queued", "running", "success", "failed"])
                runs = [run for run in self.runs[name] if run["state"] in states]
                return {"dag_runs": runs[: int(query["limit"][0])], "total_entries": len(runs)}
        return None

    def new_token(self, login: Any) -> str | None:
        if login != {"username": USER, "password": PASSWORD}:
            return None
        self.tokens.append(f"token{len(self.asked)}")
        return self.tokens[-1]


@contextmanager
def airflow_server() -> Iterator[AirflowServer]:
    """Start one on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            airflow.asked.append(self.path)
            if airflow.disturb(self):
                return
            if self.headers["Authorization"] not in {f"Bearer {token}" for token in airflow.tokens}:
                say(self, 401, {"detail": "Not authenticated"})
                return
            parts = urlsplit(self.path)
            answer = airflow.answer(parts.path.removeprefix("/api/v2/"), parse_qs(parts.query))
            say(self, 404 if answer is None else 200, answer)

        def do_POST(self) -> None:
            airflow.asked.append(self.path)
            login = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            token = airflow.new_token(login) if self.path == "/auth/token" else None
            say(self, 201 if token else 401, {"access_token": token} if token else {"detail": "Invalid credentials"})

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that has heard enough
    airflow = AirflowServer(f"http://127.0.0.1:{server.server_port}")
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield airflow
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(request: BaseHTTPRequestHandler, status: int, content: Any, **headers: str) -> None:
    """Answer in JSON."""
    body = json.dumps(content).encode()
    request.send_response(status)
    for name, value in ({"Content-Length": str(len(body))} | headers).items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)
