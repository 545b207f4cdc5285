"""`make airflow`: it says where to look and how to log in, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.stack.pipelines import processes, until
from tests.stack.servers import free_port

pytestmark = pytest.mark.stack

ROOT = Path(__file__).parents[2]


def test_airflow_starts_tells_its_login_and_stops_with_all_that_it_started(tmp_path: Path) -> None:
    home, port, output = tmp_path / "home", free_port(), tmp_path / "output"
    environment = os.environ | {"NEWSDESK_HOME": str(home), "AIRFLOW_PORT": str(port), "MAKEFLAGS": ""}
    in_the_background = ["sh", "-c", "trap '' INT; exec \"$0\" -m deploy.airflow", sys.executable]
    with output.open("wb") as written:
        process = subprocess.Popen(in_the_background, cwd=ROOT, env=environment, stdout=written, stderr=written)
    try:
        until(lambda: "Ctrl+C" in text(output) or process.poll() is not None, "it is up")
        said = text(output)
        address, user, password = re.findall(r"Airflow +(\S+)\n +login +(\S+) / (\S+)", said)[0]
        assert address == f"http://127.0.0.1:{port}"
        assert str(home / "inbox") in said
        login = {"username": user, "password": password}
        token = httpx.post(f"{address}/auth/token", json=login, timeout=60).raise_for_status().json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        until(
            lambda: httpx.get(f"{address}/api/v2/dags", headers=bearer, timeout=60).json()["total_entries"] == 4, "DAGs"
        )
        pool = httpx.get(f"{address}/api/v2/pools/newsdesk_training", headers=bearer, timeout=60).json()
        assert pool["slots"] == 2
        for file in ("passwords.json", "jwt_secret"):
            assert (home / "airflow" / "home" / file).stat().st_mode & 0o777 == 0o600
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
    assert text(output).endswith("Stopped.\n")
    assert not [number for number, _, of in processes() if str(home).encode() in of]


def text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
