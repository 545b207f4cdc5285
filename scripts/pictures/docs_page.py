"""The page at `/docs` of a running server."""

import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from scripts.pictures.browser import photograph
from scripts.pictures.newsroom import Newsroom

_PATIENCE = 60.0  # seconds for the server to start
_HEIGHT = 1825  # pixels: all requests, not their schemas
_DRAWN_WITHIN = 10_000  # milliseconds, of the page's own clock


def draw(newsroom: Newsroom, folder: Path) -> None:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port = some.getsockname()[1]
    command = [sys.executable, "-m", "newsdesk", "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=newsroom.environment, stderr=subprocess.DEVNULL)
    try:
        _await(f"http://127.0.0.1:{port}/ready")
        own_clock = f"--virtual-time-budget={_DRAWN_WITHIN}"
        photograph(f"http://127.0.0.1:{port}/docs", folder / "docs-page.png", 1180, own_clock, height=_HEIGHT)
    finally:
        server.terminate()
        server.wait(30)


def _await(address: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            urlopen(address, timeout=5).close()  # noqa: S310 - of this machine
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return
