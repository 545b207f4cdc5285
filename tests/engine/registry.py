"""An image registry of the tests' own, on loopback, where an engine asks for no certificate."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.stack.monitoring_servers import running
from tests.stack.servers import free_port

PROGRAM = "docker-registry"


@contextmanager
def registry(folder: Path) -> Iterator[str]:
    """Its address, HOST:PORT. It keeps everything in `folder`, and is stopped at the end."""
    folder.mkdir()
    port = free_port()
    storage, listening = "storage: {filesystem: {rootdirectory: images}}", f"http: {{addr: '127.0.0.1:{port}'}}"
    configuration = f"version: 0.1\n{storage}\n{listening}\n"
    (folder / "config.yml").write_text(configuration, encoding="utf-8")
    with running(PROGRAM, folder, "serve", "config.yml", ready="/v2/", port=port) as address:
        yield address.removeprefix("http://")
