"""The exporter's own small HTTP server."""

import logging
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from threading import Thread

from prometheus_client import CONTENT_TYPE_LATEST

from newsdesk.errors import UsageError

_TIMEOUT = 10  # seconds for a client to ask, and to take the answer

logger = logging.getLogger("newsdesk.exporter")


@contextmanager
def serve_metrics(host: str, port: int, text: Callable[[], bytes]) -> Iterator[int]:
    """Answer GET /metrics with `text`, which several threads may call at once, and GET /health; yields the port.

    Raises `UsageError` where the port cannot be used.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = _TIMEOUT

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, text())
                case "/health":
                    self._answer(HTTPStatus.OK, "application/json", b'{"status":"healthy"}')
                case _:
                    self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"There are /metrics and /health.\n")

        def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def version_string(self) -> str:
            return "newsdesk"

        def log_message(self, *_: object) -> None:
            """Say nothing: Prometheus asks every few seconds."""

    # Not http.server's own, which asks the DNS for the name of its address before it starts.
    class Server(ThreadingTCPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        allow_reuse_address = daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: object) -> None:
            if not isinstance(sys.exception(), OSError):  # a client that went away
                logger.exception("A request failed")

    try:
        server = Server((host, port), Handler)
    except OSError as error:
        raise UsageError(
            f"Port {port} on {host} cannot be used ({error.strerror or error}). Stop what is there, or give --port."
        ) from error
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="exporter", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
