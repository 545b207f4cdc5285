"""An image registry of the tests' own, on loopback, where an engine asks for no certificate."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.stack.servers import free_port
from tests.waiting import eventually

PROGRAM = "docker-registry"


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Its address, HOST:PORT. It keeps everything in `folder`, and is stopped at the end."""
    folder.mkdir()
    address = f"127.0.0.1:{free_port()}"
    configuration = folder / "config.yml"
    configuration.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/images}}}}\nhttp: {{addr: '{address}'}}\n",
        encoding="utf-8",
    )
    with (folder / "log").open("wb") as log:
        command = [PROGRAM, "serve", str(configuration)]
        process = subprocess.Popen(command, stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})
    try:
        eventually(lambda: _answers(address), "the registry answers")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/v2/", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
