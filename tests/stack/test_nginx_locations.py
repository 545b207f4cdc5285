"""What nginx asks of another server when one fails, and what it must not."""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Literal, NamedTuple

import httpx
import pytest

from deploy.local.ports import HOST, free_ports
from deploy.local.programs import path_of
from deploy.local.proxy import write_proxy
from deploy.local.stack import Passwords, Stack
from tests.stack.monitoring_servers import require
from tests.waiting import PATIENCE, eventually

pytestmark = pytest.mark.stack

Manner = Literal["answers", "breaks", "refuses"]


class Server(ThreadingHTTPServer):
    """Answers, breaks the connection once it has read a request, or answers with 503; counts."""

    def __init__(self, manner: Manner) -> None:
        super().__init__((HOST, 0), Handler)
        self.manner: Manner = manner
        self.asked = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._answer()

    def do_GET(self) -> None:
        if self.path != "/":  # how the test waits for nginx
            self._answer()

    def _answer(self) -> None:
        self.server.asked += 1
        if self.server.manner == "breaks":
            self.close_connection = True
            return
        self.send_response(200 if self.server.manner == "answers" else 503)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


class Balanced(NamedTuple):
    address: str
    servers: list[Server]

    def ask(self, path: str, times: int = 8, method: str = "POST", **request: object) -> list[int]:
        """The statuses of some answers, each over a connection of its own."""
        content = None if method == "GET" else b'{"text": "x"}'
        return [
            httpx.request(method, f"{self.address}{path}", content=content, timeout=PATIENCE, **request).status_code  # type: ignore[arg-type]
            for _ in range(times)
        ]

    @property
    def asked(self) -> int:
        return sum(server.asked for server in self.servers)


@pytest.fixture
def balanced(missing: Callable[[str], None]) -> Callable[..., Balanced]:
    require(missing, "nginx")
    with ExitStack() as stack:
        yield lambda *manners: stack.enter_context(balancing(*manners))


@contextmanager
def balancing(*manners: Manner) -> Iterator[Balanced]:
    servers = [Server(manner) for manner in manners]
    threads = [Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}) for server in servers]
    with TemporaryDirectory() as folder:
        home, ports = Path(folder), free_ports()
        home.chmod(0o755)
        replicas = tuple(server.server_address[1] for server in servers)
        write_proxy(Stack(home=home, ports=ports, replicas=replicas, with_airflow=False, passwords=Passwords.new()))
        for thread in threads:
            thread.start()
        command = [path_of("nginx"), "-p", f"{home / 'nginx'}/", "-c", "nginx.conf", "-e", "stderr"]
        nginx = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: answers(f"http://{HOST}:{ports.nginx_status}/stub_status"), "nginx answers")
            yield Balanced(f"http://{HOST}:{ports.api}", servers)
        finally:
            nginx.terminate()
            nginx.wait(timeout=30)
            for server, thread in zip(servers, threads, strict=True):
                server.shutdown()
                server.server_close()
                thread.join()


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize(
    "path", ["/predict", "/predict/batch", "/explain", "/v2/models/news-classifier/versions/1/infer", "/feedback"]
)
def test_what_may_be_asked_twice_is_asked_of_another_server(balanced: Callable[..., Balanced], path: str) -> None:
    both = balanced("breaks", "answers")
    assert both.ask(path) == [200] * 8
    assert both.servers[0].asked > 0


def test_pages_are_asked_of_another_server(balanced: Callable[..., Balanced]) -> None:
    both = balanced("breaks", "answers")
    assert both.ask("/model/info", method="GET") == [200] * 8
    assert both.servers[0].asked > 0


@pytest.mark.parametrize("path", ["/model/promote", "/model/rollback", "/auth/token"])
def test_what_must_happen_once_is_sent_to_one_server_only(balanced: Callable[..., Balanced], path: str) -> None:
    both = balanced("breaks", "answers")
    statuses = both.ask(path)
    assert both.asked == 8
    assert statuses.count(502) == both.servers[0].asked > 0
    assert statuses.count(200) == both.servers[1].asked


def test_a_server_without_a_model_is_passed_over_for_predictions(balanced: Callable[..., Balanced]) -> None:
    both = balanced("refuses", "answers")
    assert both.ask("/predict") == [200] * 8
    assert both.servers[0].asked > 0


def test_the_store_being_away_takes_no_server_out(balanced: Callable[..., Balanced]) -> None:
    both = balanced("refuses", "refuses")
    assert both.ask("/feedback", 12) == [503] * 12
    assert both.asked == 12  # each was told by a server, not by nginx for want of one


def test_json_lines_are_sent_to_one_server_only(balanced: Callable[..., Balanced]) -> None:
    both = balanced("breaks", "answers")
    statuses = both.ask("/predict/batch", headers={"content-type": "application/x-ndjson"})
    assert both.asked == 8
    assert statuses.count(502) == both.servers[0].asked > 0


def test_where_no_server_answers_nginx_says_so_as_the_api_would(balanced: Callable[..., Balanced]) -> None:
    both = balanced("breaks", "breaks")
    answer = httpx.post(f"{both.address}/predict", content=b"{}", timeout=PATIENCE)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "application/json")
    assert answer.json().keys() == {"error", "message", "code", "request_id", "timestamp"}
    assert answer.json()["code"] == "no_server"


def test_a_body_that_is_too_large_even_for_nginx_is_refused_as_the_api_would(
    balanced: Callable[..., Balanced],
) -> None:
    one = balanced("answers")
    for path in ("/predict", "/predict/batch"):
        answer = httpx.post(f"{one.address}{path}", content=b"x" * 10_000_000, timeout=PATIENCE)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert one.asked == 0


def test_json_lines_go_through_however_many_there_are(balanced: Callable[..., Balanced]) -> None:
    one = balanced("answers")
    lines = {"content-type": "application/x-ndjson"}
    answer = httpx.post(f"{one.address}/predict/batch", content=b"x" * 10_000_000, headers=lines, timeout=PATIENCE)
    assert (answer.status_code, one.asked) == (200, 1)


def test_the_page_tells_what_is_asked_of_another_server() -> None:
    page = (Path(__file__).parents[2] / "docs" / "local-stack.md").read_text(encoding="utf-8")
    configuration = (Path(__file__).parents[2] / "deploy" / "nginx" / "locations.conf").read_text(encoding="utf-8")
    for code in re.findall(r'"code": "(\w+)"', configuration):
        assert f"`{code}`" in page
