"""docs/troubleshooting.md shows what the doctor says: each block is made again here, by the trouble itself."""

import os
import re
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from newsdesk.cli.doctor import print_findings
from newsdesk.operations.backup.restore import UNFINISHED
from newsdesk.operations.doctor.resources import check_memory
from tests.answering import answering
from tests.stack.running import put_in_charge
from tests.stack.servers import free_port
from tests.warm import warm_newsdesk

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"


def shown(command: str) -> str:
    """What the page shows for a command, its signs alone: where lines break depends on how long a path is."""
    blocks = re.findall(r"^```text\n\$ (.*?)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    return signs(dict(blocks)[command])


def signs(text: str) -> str:
    return "".join(text.replace("─", "").split())


def doctor(folder: Path, command: str, code: int, **environment: str) -> str:
    """What `command`, settings and then newsdesk doctor with its arguments, prints in `folder`."""
    arguments = command.split("newsdesk doctor")[1].split()
    done = subprocess.run(
        [warm_newsdesk(), "doctor", *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return signs(done.stdout)


def test_a_port_that_somebody_else_has(tmp_path: Path) -> None:
    command = "newsdesk doctor --only ports"
    with answering(200, b"Somebody else") as port:
        said = doctor(tmp_path, command, 1, API_PORT=str(port))
    assert said.replace(str(port), "8000") == shown(command)


def test_a_port_on_which_something_listens_and_says_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = doctor(tmp_path, "newsdesk doctor --only ports", 1, API_PORT=str(silent.getsockname()[1]))
    assert signs("is taken by something that is not Newsdesk") in said


def test_a_store_that_does_not_answer(tmp_path: Path) -> None:
    port, command = free_port(), "newsdesk doctor --only database"
    address = f"postgresql://newsdesk:not-to-be-shown@127.0.0.1:{port}/newsdesk"
    said = doctor(tmp_path, command, 1, NEWSDESK_DATABASE_URL=address)
    assert "not-to-be-shown" not in said
    assert said.replace(str(port), "5432") == shown(command)


def test_an_mlflow_that_does_not_answer(tmp_path: Path) -> None:
    port, command = free_port(), "newsdesk doctor --only registry"
    said = doctor(tmp_path, command, 1, MLFLOW_TRACKING_URI=f"http://127.0.0.1:{port}")
    assert said.replace(str(port), "5001") == shown(command)


def test_an_airflow_that_does_not_answer(tmp_path: Path) -> None:
    port, command = free_port(), "newsdesk doctor --only airflow"
    said = doctor(tmp_path, command, 1, AIRFLOW_API_URL=f"http://127.0.0.1:{port}")
    assert said.replace(str(port), "8080") == shown(command)


def test_the_data_of_nltk_cannot_be_missing(tmp_path: Path) -> None:
    command = "newsdesk doctor --only versions"
    said = doctor(tmp_path, command, 0)
    assert re.sub(r"Newsdesk[\d.]+onPython[\d.]+\.", "Newsdesk0.1.0onPython3.11.7.", said) == shown(command)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    command = "newsdesk doctor --only permissions"
    said = doctor(tmp_path, command, 1, MLFLOW_ARTIFACT_ROOT="/proc")  # not even root can write there
    said = said.replace("/proc", "/mlflow/artifacts").replace(f"uid{os.getuid()}", "uid1000")
    assert said.replace(f"{os.getuid()}:{os.getgid()}", "1000:1000") == shown(command)


def test_too_little_memory(capsys: pytest.CaptureFixture[str]) -> None:
    print_findings(list(check_memory(4, 620_000_000)))
    assert signs(capsys.readouterr().out) == shown("API_WORKERS=4 newsdesk doctor --only memory")


def test_more_processes_than_processors(tmp_path: Path) -> None:
    said = doctor(tmp_path, "newsdesk doctor --only processors", 0, API_WORKERS="64")
    there = len(os.sched_getaffinity(0))
    said = said.replace("API_WORKERSis64", "API_WORKERSis8").replace(f"has{there}processors", "has2processors")
    assert said.replace(f"API_WORKERSto{there}:", "API_WORKERSto2:") == shown(
        "API_WORKERS=8 newsdesk doctor --only processors"
    )


def test_a_bundle_that_was_damaged(tmp_path: Path) -> None:
    put_in_charge(tmp_path / "var")
    command = "newsdesk doctor --only champion"
    assert signs("as it was trained to") in doctor(tmp_path, command, 0)
    weights = next((tmp_path / "var" / "bundles").glob("*/weights.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1])
    said = doctor(tmp_path, command, 1)
    assert said.replace(f"{tmp_path}/", "").replace(weights.parent.name, "3b1232f74360c794") == shown(command)


def test_a_restore_that_did_not_end(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / UNFINISHED).touch()
    command = "newsdesk doctor --only state"
    assert doctor(tmp_path, command, 1) == shown(command)


def test_secrets_that_others_know_or_can_read(tmp_path: Path) -> None:
    command = "NEWSDESK_ENVIRONMENT=production newsdesk doctor --only secrets"
    (tmp_path / ".env").write_text("API_SECRET_KEY=changeme\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o644)
    address = "postgresql://newsdesk:newsdesk@127.0.0.1/newsdesk"
    said = doctor(tmp_path, command, 1, NEWSDESK_ENVIRONMENT="production", NEWSDESK_DATABASE_URL=address)
    assert said == shown(command)
    assert (tmp_path / ".env").stat().st_mode & stat.S_IROTH


def test_a_store_that_is_damaged_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "newsdesk.db").write_bytes(b"no database")
    assert signs("damaged") in doctor(tmp_path, "newsdesk doctor --only database", 1)
