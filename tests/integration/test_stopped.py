"""A command that is stopped says so in one line, and leaves all as it was."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.faults import state_of
from tests.builders import QUICK_MODELS, sample_rows, write_csv
from tests.warm import warm_newsdesk

STEPS = [  # lines that end them; the command is stopped a moment later
    "Opening the registry",
    "Fitting neural_network",
    "Fitting naive_bayes",
    "Calibrating",
    "on train and validation",
]
RUN = ("run", "--no-serve", "--json", "--data", "articles.csv")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A newsroom that has a champion, and then another table."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text(QUICK_MODELS, encoding="utf-8")
    rows = sample_rows(60)
    write_csv(folder / "articles.csv", [row for number, row in enumerate(rows) if number % 60 < 40])
    with start(folder, *RUN) as first:
        _, complained = first.communicate(timeout=300)
    assert first.returncode == 0, complained
    write_csv(folder / "articles.csv", rows)
    return folder


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"NEWSDESK_HOME": str(folder / "var")}
    return subprocess.Popen(
        [warm_newsdesk(), *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stop_after(folder: Path, step: str, number: int, *arguments: str) -> tuple[int, str]:
    """The exit code, and what it said of its end."""
    with start(folder, *arguments) as stopped:
        assert stopped.stderr is not None
        for line in stopped.stderr:
            if step in line:
                break
        stopped.send_signal(number)
        _, said = stopped.communicate(timeout=300)
    return stopped.returncode, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_changes_nothing(desk: Path, number: signal.Signals) -> None:
    before, chance = state_of(desk / "var"), random.Random(int(number))
    for step in chance.sample(STEPS, 2):
        exit_code, said = stop_after(desk, step, number, *RUN)
        assert exit_code == 128 + number, said
        assert [line for line in said.splitlines() if "Stopped" in line] == [
            "newsdesk: Stopped. What was finished is kept; run the command again to go on."
        ]
        assert "Traceback" not in said
        assert state_of(desk / "var") == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_retraining_that_is_stopped_changes_nothing(desk: Path, number: signal.Signals) -> None:
    before, command = state_of(desk / "var"), ("retrain", "--mode", "full", "--data", "articles.csv")
    step = random.Random(int(number)).choice(STEPS)
    exit_code, said = stop_after(desk, step, number, *command)
    assert exit_code == 128 + number, said
    assert said.count("Stopped") == 1
    assert "Traceback" not in said
    assert state_of(desk / "var") == before


def test_a_candidate_whose_fit_is_stopped_is_not_there_and_is_fitted_again(desk: Path) -> None:
    for command in (("ingest", "--data", "articles.csv"), ("plan", "--json")):
        with start(desk, *command) as done:
            said, complained = done.communicate(timeout=300)
        assert done.returncode == 0, complained
    plan, before = json.loads(said)["plan"], state_of(desk / "var")
    train = ("train", "--plan", plan, "--candidate", "neural_network", "--json")
    exit_code, said = stop_after(desk, "Cleaning and counting", signal.SIGINT, *train)
    assert exit_code == 130, said
    assert said.count("Stopped") == 1
    assert state_of(desk / "var") == before
    with start(desk, "evaluate", "--plan", plan) as early:
        _, complained = early.communicate(timeout=300)
    assert early.returncode == 1
    assert "neural_network" in complained
    with start(desk, *train) as again:
        told, _ = again.communicate(timeout=300)
    assert (again.returncode, json.loads(told)["candidate"]) == (0, "neural_network")


def test_ingesting_that_is_stopped_takes_nothing_in_by_half(desk: Path) -> None:
    before = state_of(desk / "var")
    exit_code, said = stop_after(desk, "Looking into", signal.SIGTERM, "ingest", "--data", "articles.csv")
    assert exit_code in (0, 143), said
    assert state_of(desk / "var") == before
    with start(desk, "ingest", "--data", "articles.csv") as again:
        again.communicate(timeout=300)
    assert again.returncode == 0


def test_scoring_that_is_stopped_on_a_terminal_says_so_once_and_is_gone_on_with(desk: Path) -> None:
    """Ctrl+C reaches its worker processes, too, from their first moment on."""
    rows = [{"text": f"{row['title']} {number}"} for number, row in enumerate(sample_rows(60) * 20)]
    write_csv(desk / "in.csv", rows)
    command = [sys.executable, "-m", "newsdesk", "score", "in.csv", "out.csv"]
    environment = os.environ | {"NEWSDESK_HOME": str(desk / "var")}
    with subprocess.Popen(
        command,
        cwd=desk,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # ignored in the background
    ) as stopped:
        deadline = time.monotonic() + 300
        while not (desk / ".out.csv.answers").exists():
            assert stopped.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(0.5)  # its workers are being started
        os.killpg(stopped.pid, signal.SIGINT)
        _, said = stopped.communicate(timeout=300)
    assert stopped.returncode == 130
    assert said.count("Stopped") == 1
    assert "Traceback" not in said
    assert not (desk / "out.csv").exists()
