"""Start real servers on free loopback ports, and stop them, leaving nothing behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from urllib.error import URLError

from deploy.local.ports import free_port as free_port
from deploy.local.programs import postgresql_programs as postgresql_programs
from tests.mlflow_tables import copy_to


@dataclass(frozen=True)
class Postgresql:
    """A PostgreSQL that can be stopped, and started again with what it holds."""

    address: str
    folder: Path
    control: list[str]
    options: str

    @property
    def is_running(self) -> bool:
        return (self.folder / "data" / "postmaster.pid").exists()

    def start(self) -> None:
        """Start it where it does not run."""
        if not self.is_running:
            _run([*self.control, "-l", str(self.folder / "log"), "-o", self.options, "start"], self.folder)

    def stop(self) -> None:
        """Stop it where it runs, as a crash would."""
        if self.is_running:
            _run([*self.control, "-m", "immediate", "stop"], self.folder)


@contextmanager
def stoppable_postgresql(programs: Path) -> Iterator[Postgresql]:
    """A new PostgreSQL, started."""
    folder, port = Path(mkdtemp(prefix="newsdesk-postgresql-")), free_port()
    as_owner: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]
    data = ["-D", str(folder / "data")]
    server = Postgresql(
        f"postgresql://newsdesk:not-to-be-shown@127.0.0.1:{port}/postgres",
        folder,
        [*as_owner, str(programs / "pg_ctl"), *data, "-w", "-t", "60"],
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off",
    )
    try:
        _run(
            [*as_owner, str(programs / "initdb"), *data, "-U", "newsdesk", "--auth=trust", "-E", "UTF8", "--no-sync"],
            folder,
        )
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgresql(programs: Path) -> Iterator[str]:
    """A new PostgreSQL; yields its address, `postgresql://…/postgres`."""
    with stoppable_postgresql(programs) as server:
        yield server.address


class MlflowServer:
    """An MLflow server that can be stopped, and started again with what it holds."""

    def __init__(self, backend: str, folder: Path) -> None:
        self._port, self._folder = free_port(), folder
        self._tables = Path(backend.removeprefix("sqlite:///")) if backend.startswith("sqlite:///") else None
        self._command = [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self._port)),
            *("--workers", "1", "--backend-store-uri", backend),
            *("--serve-artifacts", "--artifacts-destination", str(folder / "artifacts")),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if self._tables and not self._tables.exists():
            copy_to(self._tables)
        environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with (self._folder / "mlflow.log").open("a") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=environment, cwd=self._folder, start_new_session=True
            )
        _wait_for(f"{self.address}/health", self._process)

    def stop(self) -> None:
        """Stop it where it runs."""
        process, self._process = self._process, None
        if process:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


@contextmanager
def stoppable_mlflow_server(backend: str, folder: Path) -> Iterator[MlflowServer]:
    """An MLflow server, started, with its runs in the database at `backend` and artifacts in `folder`."""
    server = MlflowServer(backend, folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def mlflow_server(backend: str, folder: Path) -> Iterator[str]:
    """The same; yields its address."""
    with stoppable_mlflow_server(backend, folder) as server:
        yield server.address


def _wait_for(address: str, process: subprocess.Popen[bytes], seconds: int = 90) -> None:
    for _ in range(seconds * 5):
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            assert process.poll() is None, f"the server ended with exit code {process.returncode}"
            time.sleep(0.2)
    raise AssertionError(f"{address} did not answer within {seconds} s")


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{command[0]} failed: {done.stdout}{done.stderr}"
