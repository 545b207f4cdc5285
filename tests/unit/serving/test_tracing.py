"""Spans for a collector, only where one is named."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from fastapi import FastAPI

from newsdesk.serving.tracing import ENDPOINT, with_tracing

SERVE = """
import asyncio
import httpx
from fastapi import FastAPI

from newsdesk.serving.tracing import with_tracing

app = FastAPI()
app.get("/ready")(lambda: {"ready": True})

async def ask():
    transport = httpx.ASGITransport(with_tracing(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://newsdesk.test") as client:
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        print((await client.get("/ready", headers={"traceparent": parent})).status_code)

asyncio.run(ask())
"""


def test_without_a_collector_the_application_stays_as_it_is() -> None:
    app = FastAPI()
    assert with_tracing(app) is app
    assert app.user_middleware == []


def test_a_collector_gets_a_span_of_the_trace_that_a_request_came_with() -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        environment = dict(os.environ) | {ENDPOINT: f"http://127.0.0.1:{collector.server_port}"}
        done = subprocess.run(
            [sys.executable, "-c", SERVE], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        collector.shutdown()
    assert done.stdout == "200\n", done.stderr
    (path, body) = received[0]
    assert path == "/v1/traces"
    assert bytes.fromhex("0af7651916cd43dd8448eb211c80319c") in body
    assert b"newsdesk" in body
