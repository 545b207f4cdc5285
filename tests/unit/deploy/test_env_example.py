"""`.env.example` is complete: what it names is used, and what is used stands in it with its default."""

import re
import shutil
from pathlib import Path

import pytest

from newsdesk.config.settings import load_settings
from tests.unit.deploy.test_compose_files import FILES, ROOT, stack

ORIGINAL = """
    POSTGRES_HOST POSTGRES_PORT POSTGRES_DB POSTGRES_USER POSTGRES_PASSWORD MLFLOW_TRACKING_URI MLFLOW_BACKEND_STORE_URI
    MLFLOW_ARTIFACT_ROOT MLFLOW_DEFAULT_ARTIFACT_ROOT AIRFLOW__CORE__EXECUTOR AIRFLOW__CORE__SQL_ALCHEMY_CONN
    AIRFLOW__CORE__FERNET_KEY AIRFLOW__CORE__LOAD_EXAMPLES AIRFLOW__CORE__LOGGING_LEVEL AIRFLOW__WEBSERVER__SECRET_KEY
    API_HOST API_PORT API_WORKERS API_TIMEOUT API_LOG_LEVEL PROMETHEUS_PORT GRAFANA_PORT GRAFANA_ADMIN_USER
    GRAFANA_ADMIN_PASSWORD MODEL_REFRESH_INTERVAL MODEL_CACHE_SIZE PREDICTION_BATCH_SIZE
"""


def example() -> list[str]:
    """The variables, those that are commented out among them."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return re.findall(r"^#?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE)


def used() -> set[str]:
    """Variables that a compose file takes from outside; `$$` is for the shell of a container."""
    text = "".join(file.read_text(encoding="utf-8") for file in FILES)
    return set(re.findall(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)", text))


def test_every_variable_that_a_compose_file_uses_stands_in_the_example_and_no_other() -> None:
    assert used() == set(example())


def test_every_variable_of_the_original_is_there() -> None:
    assert set(ORIGINAL.split()) <= set(example())


def test_every_line_of_the_example_is_a_comment_or_sets_a_variable_once() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    names = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in names)
    assert len(example()) == len(set(example()))


def test_compose_takes_a_copy_of_it_for_what_holds_without_one() -> None:
    assert stack("development", env_file=ROOT / ".env.example") == stack("development")


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
