"""Start real servers on free loopback ports, and stop them, leaving nothing behind."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from urllib.error import URLError


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgresql_programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`; None where PostgreSQL is not installed."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), default=None)


@contextmanager
def postgresql(programs: Path) -> Iterator[str]:
    """A new PostgreSQL; yields its address, `postgresql://…/postgres`."""
    folder, port = Path(mkdtemp(prefix="newsdesk-postgresql-")), free_port()
    as_owner: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        as_owner = ["runuser", "-u", "postgres", "--"]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    control = [*as_owner, str(programs / "pg_ctl"), "-D", str(folder / "data"), "-w", "-t", "60"]
    try:
        _run(
            [
                *as_owner,
                str(programs / "initdb"),
                "-D",
                str(folder / "data"),
                "-U",
                "newsdesk",
                "--auth=trust",
                "-E",
                "UTF8",
            ],
            folder,
        )
        _run([*control, "-l", str(folder / "log"), "-o", options, "start"], folder)
        try:
            yield f"postgresql://newsdesk:not-to-be-shown@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder)


@contextmanager
def mlflow_server(backend: str, folder: Path) -> Iterator[str]:
    """An MLflow server with its runs in the database at `backend` and artifacts in `folder`; yields its address."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += [
        "--backend-store-uri",
        backend,
        "--serve-artifacts",
        "--artifacts-destination",
        str(folder / "artifacts"),
    ]
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "mlflow.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


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
