"""`.env.example` is complete: what it names is used, and what is used stands in it with its default."""

import re
from pathlib import Path

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
    """Variables and values, comments taken off."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: re.sub(r"\s+#.*", "", value) for name, value in pairs}


def used() -> set[str]:
    """Variables that a compose file takes from outside; `$$` is for the shell of a container."""
    text = "".join(file.read_text(encoding="utf-8") for file in COMPOSE_FILES)
    return set(re.findall(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)", text))


def test_every_variable_that_a_compose_file_uses_stands_in_the_example_and_no_other() -> None:
    assert used() == set(example())


def test_every_variable_of_the_original_is_there() -> None:
    assert set(ORIGINAL.split()) <= set(example())


def test_every_line_of_the_example_is_a_comment_or_sets_a_variable_once() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    names = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in names)
    assert len(names) == len(set(names))
