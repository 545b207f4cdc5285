"""A server for what Alertmanager sends."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Webhook:
    """A server that keeps every JSON object that was posted to it, with the path."""

    address: str
    received: list[tuple[str, dict[str, Any]]]

    def alerts(self, status: str, path: str = "/") -> dict[str, dict[str, Any]]:
        """The alerts that came to `path` with that status, firing or resolved, the newest of each name."""
        found = [alert for where, body in list(self.received) if where == path for alert in body["alerts"]]
        return {alert["labels"]["alertname"]: alert for alert in found if alert["status"] == status}


@contextmanager
def webhook() -> Iterator[Webhook]:
    """What Alertmanager sends its notifications to."""
    received: list[tuple[str, dict[str, Any]]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, json.loads(body)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the name in the class above
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that was ended
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Webhook(f"http://127.0.0.1:{server.server_port}", received)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
