"""A real server, and the clients that others wrote, each in an environment of its own."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.environment import locked_environment
from newsdesk.errors import NewsdeskError
from newsdesk.registry.version import MODEL
from tests.integration.test_serve_command import free_port, save_champion, serving

ROOT = Path(__file__).parents[3]
Ask = Callable[[str, str, list[str]], dict[str, Any]]


@pytest.fixture(scope="package")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where `newsdesk serve` answers."""
    folder = tmp_path_factory.mktemp("clients")
    save_champion(folder, version="7")
    port = free_port()
    with serving(folder, "--port", str(port), port=port) as server:
        yield server.address
        assert '"level": "ERROR"' not in server.log


@pytest.fixture(scope="package")
def ask(address: str) -> Ask:
    """Runs a program by the Python of a client's environment, with texts to send; what it printed."""

    def run(client: str, program: str, texts: list[str]) -> dict[str, Any]:
        done = subprocess.run(
            [_python_of(client), "-W", "ignore", program, address, MODEL, json.dumps(texts)],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run


def _python_of(client: str) -> Path:
    """The Python of a client's environment: the test is skipped where that cannot be installed, but not in CI."""
    lock = ROOT / "requirements" / f"clients-{client}.txt"
    try:  # the lock file leaves out what clients.excludes names
        programs = locked_environment(ROOT / "var" / "clients" / client, lock, "--no-deps")
    except (NewsdeskError, subprocess.TimeoutExpired) as error:
        if os.environ.get("NEWSDESK_REQUIRE_SERVERS"):
            raise
        pytest.skip(f"{lock.name} cannot be installed here: {error}")
    return programs / "python"
