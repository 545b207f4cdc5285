"""`.env.example` is complete: what it names is used, and what is used stands in it with its default."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from newsdesk.config.settings import load_settings

ROOT = Path(__file__).parents[3]
COMPOSE_FILES = [*sorted(ROOT.glob("compose*.yaml")), ROOT / "deploy" / "compose" / "services.yaml"]
ORIGINAL = """
    POSTGRES_HOST POSTGRES_PORT POSTGRES_DB POSTGRES_USER POSTGRES_PASSWORD MLFLOW_TRACKING_URI MLFLOW_BACKEND_STORE_URI
    MLFLOW_ARTIFACT_ROOT MLFLOW_DEFAULT_ARTIFACT_ROOT AIRFLOW__CORE__EXECUTOR AIRFLOW__CORE__SQL_ALCHEMY_CONN
    AIRFLOW__CORE__FERNET_KEY AIRFLOW__CORE__LOAD_EXAMPLES AIRFLOW__CORE__LOGGING_LEVEL AIRFLOW__WEBSERVER__SECRET_KEY
    API_HOST API_PORT API_WORKERS API_TIMEOUT API_LOG_LEVEL PROMETHEUS_PORT GRAFANA_PORT GRAFANA_ADMIN_USER
    GRAFANA_ADMIN_PASSWORD MODEL_REFRESH_INTERVAL MODEL_CACHE_SIZE PREDICTION_BATCH_SIZE
"""


def example() -> dict[str, str]:
    """Variables and values, those that are commented out among them."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    found = re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE)
    return {name: re.sub(r"\s+#.*", "", value) for name, value in found}


def used() -> set[str]:
    """Variables that a compose file takes from outside; `$$` is for the shell of a container."""
    text = "".join(file.read_text(encoding="utf-8") for file in COMPOSE_FILES)
    return set(re.findall(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)", text))


def configuration(compose_file: str, env_file: str) -> Any:
    """What Compose makes of a file, with every profile."""
    command = [str(Path(sys.executable).with_name("docker-compose")), "--profile", "*", "--env-file", env_file]
    done = subprocess.run(
        [*command, "-f", compose_file, "config", "--format", "json"],
        cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_every_variable_that_a_compose_file_uses_stands_in_the_example_and_no_other() -> None:
    assert used() == set(example())


def test_every_variable_of_the_original_is_there() -> None:
    assert set(ORIGINAL.split()) <= set(example())


def test_every_line_of_the_example_is_a_comment_or_sets_a_variable_once() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    names = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in names)
    assert len(names) == len(set(names))


def test_compose_takes_a_copy_of_it_for_what_holds_without_one() -> None:
    with_a_copy, without = (configuration("compose.yaml", file) for file in (str(ROOT / ".env.example"), os.devnull))
    assert with_a_copy == without


def test_a_copy_of_it_leaves_the_commands_of_a_checkout_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What leads into containers is commented out: a checkout has its own MLflow, its own folders, its own address."""
    monkeypatch.chdir(tmp_path)
    before = load_settings()
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    after = load_settings()
    for name in ("tracking_uri", "artifact_root", "database", "redis_url", "backups", "api_host", "airflow_api_url"):
        assert getattr(after, name) == getattr(before, name), name
