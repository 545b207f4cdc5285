"""A command ends well wherever it is called from: odd homes, no home at all, outputs that take little or nothing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from newsdesk.config.sqlite_address import sqlite_address
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from tests.builders import sample_rows, write_csv

COMMAND = [sys.executable, "-m", "newsdesk"]
ONE_MODEL = "models:\n  naive_bayes: {alpha: 1.0}\n"
PATIENCE = 300  # seconds
ODD_HOME = "a?b #%41 é"
WITHOUT_USER = ["unshare", "--user", "--map-user=54321"]


def environment(folder: Path, home: str, **more: str) -> dict[str, str]:
    config = {"NEWSDESK_HOME": str(folder / home), "NEWSDESK_CONFIG_DIR": str(folder / "configs")}
    return os.environ | config | more


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a table, and a home of an odd name that a run has filled, whose output had to be in ASCII."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text(ONE_MODEL, encoding="utf-8")
    write_csv(folder / "articles.csv", sample_rows(15))
    return folder


@pytest.fixture(scope="module")
def ran(folder: Path) -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, "run", "--data", str(folder / "articles.csv"), "--no-serve"]
    return subprocess.run(
        command,
        env=environment(folder, ODD_HOME, PYTHONIOENCODING="ascii"),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )


def newsdesk(folder: Path, *arguments: str, stdout: int = subprocess.PIPE, **more: str) -> tuple[int, bytes, str]:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=environment(folder, ODD_HOME, **more),
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout or b"", done.stderr.decode()


def test_a_run_tells_its_promotion_in_ascii(ran: subprocess.CompletedProcess[bytes]) -> None:
    assert ran.returncode == 0, ran.stderr
    assert b"romoted" in ran.stdout
    assert (ran.stdout + ran.stderr).isascii()


@pytest.mark.usefixtures("ran")
def test_a_home_of_an_odd_name_holds_all_and_nothing_lies_beside_it(folder: Path) -> None:
    home = folder / ODD_HOME
    assert {"newsdesk.db", "mlflow.db", "artifacts", "bundles"} <= {path.name for path in home.iterdir()}
    assert {path.name for path in folder.iterdir()} == {"configs", "articles.csv", ODD_HOME}
    assert len(entries(open_store(sqlite_address(home / "newsdesk.db")))) == 1


@pytest.mark.usefixtures("ran")
def test_a_home_of_an_odd_name_is_listed_examined_and_backed_up(folder: Path, tmp_path: Path) -> None:
    code, told, wrong = newsdesk(folder, "models", "list", "--json")
    assert (code, wrong) == (0, "")
    assert [version["aliases"] for version in json.loads(told)] == [["champion"]]
    code, told, wrong = newsdesk(folder, "backup", "--to", str(tmp_path / "x?y"), "--json", PYTHONIOENCODING="latin-1")
    assert code == 0, wrong
    assert len(list((tmp_path / "x?y").glob("*.tar.gz"))) == 1
    code, told, wrong = newsdesk(folder, "doctor", "--json")
    assert f"The store {folder / ODD_HOME / 'newsdesk.db'} is sound." in json.dumps(
        json.loads(told), ensure_ascii=False
    )


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("arguments", [("models", "list"), ("models", "list", "--json"), ("version",), ("--help",)])
def test_a_full_disk_is_told_in_a_sentence(arguments: tuple[str, ...], folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        code, _, wrong = newsdesk(folder, *arguments, stdout=full.fileno())
    assert (code, wrong.count("\n")) == (1, 1), wrong
    assert wrong.startswith("newsdesk: The output cannot be written: No space left on device")


@pytest.mark.usefixtures("ran")
@pytest.mark.parametrize("arguments", [("models", "list", "--json"), ("version",)])
def test_a_closed_pipe_is_told_in_a_sentence(arguments: tuple[str, ...], folder: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code, _, wrong = newsdesk(folder, *arguments, stdout=writer)
    os.close(writer)
    assert (code, wrong.count("\n")) == (1, 1), wrong
    assert "Broken pipe" in wrong


def test_a_failure_onto_a_full_disk_is_told_once(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        code, _, wrong = newsdesk(folder, "models", "promote", "99", "--json", stdout=full.fileno())
    assert code == 1
    assert "Traceback" not in wrong


@pytest.mark.skipif(
    not shutil.which("unshare") or subprocess.run([*WITHOUT_USER, "true"], check=False).returncode != 0,
    reason="needs user namespaces",
)
def test_a_user_without_home_and_entry_may_run(folder: Path) -> None:
    told = environment(folder, "nobody")
    del told["HOME"]
    command = [*WITHOUT_USER, *COMMAND, "run", "--data", str(folder / "articles.csv"), "--no-serve"]
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert "romoted" in done.stdout
    shutil.rmtree(folder / "nobody")
