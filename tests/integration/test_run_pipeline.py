"""Life without Airflow: the script that goes from the inbox to the promotion, and the units that call it on time."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from newsdesk.config.settings import Settings
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from tests.builders import sample_rows, settings_in, write_csv
from tests.warm import warm_newsdesk

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "run_pipeline.sh"
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
PAGE = (ROOT / "docs" / "without-airflow.md").read_text(encoding="utf-8")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with one table in the inbox, and two quick candidates."""
    settings = settings_in(tmp_path)
    settings.config_dir.mkdir()
    models = "models: {naive_bayes: {alpha: 1.0}, logistic_regression: {C: 10.0}}"
    (settings.config_dir / "model_config.yaml").write_text(models, encoding="utf-8")
    (settings.home / "inbox").mkdir(parents=True)
    write_csv(settings.home / "inbox" / "news.csv", sample_rows(30))
    return settings


def run_pipeline(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | settings.environment_variables()
    environment |= {"NEWSDESK_COMMAND": warm_newsdesk()}
    return subprocess.run(
        [SCRIPT, *arguments], env=environment, cwd=settings.home, capture_output=True, text=True, check=False
    )


def decisions(settings: Settings) -> list[str]:
    store = open_store(settings.database)
    try:
        return [entry.decision for entry in entries(store)]
    finally:
        store.dispose()


def test_the_script_goes_from_the_inbox_to_the_promotion_and_promotes_nothing_twice(settings: Settings) -> None:
    first = run_pipeline(settings)
    assert first.returncode == 0, first.stderr
    assert "Promoted as version 1" in first.stdout
    again = run_pipeline(settings)
    assert again.returncode == 0, again.stderr
    needless = run_pipeline(settings, "--if-needed")
    assert needless.returncode == 0, needless.stderr
    assert "A model was trained on dataset" in needless.stdout
    assert decisions(settings) == ["promoted"]


def test_the_script_ends_with_1_where_the_only_table_is_refused(settings: Settings) -> None:
    write_csv(settings.home / "inbox" / "news.csv", [{"text": "short", "category": ""}] * 30)
    assert run_pipeline(settings).returncode == 1


def test_the_script_shows_an_example() -> None:
    done = subprocess.run([SCRIPT, "--help"], capture_output=True, text=True, check=True)
    assert "Example: run_pipeline.sh" in done.stdout


def test_systemd_takes_every_unit(tmp_path: Path, missing: Callable[[str], None]) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        missing("systemd-analyze")
    assert analyze
    command = Path(sys.executable).parent  # systemd looks whether the commands are there
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/newsdesk/.venv/bin", str(command))
        (tmp_path / unit.name).write_text(text.replace("/opt/newsdesk", str(ROOT)), encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", *(str(tmp_path / unit.name) for unit in UNITS)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_names_every_timer_and_cron_runs_what_the_services_run() -> None:
    timers = [unit.name for unit in UNITS if unit.suffix == ".timer"]
    assert len(timers) == 3
    assert all(name in PAGE for name in timers)
    for unit in UNITS:
        for line in unit.read_text(encoding="utf-8").splitlines():
            if line.startswith("ExecStart="):
                command = line.removeprefix("ExecStart=").replace("/opt/newsdesk/.venv/bin/", "")
                assert command in PAGE
