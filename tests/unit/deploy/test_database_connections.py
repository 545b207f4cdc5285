"""Everybody who reaches PostgreSQL verifies it in production, and all of them together fit into max_connections."""

import re
from typing import Any

import pytest

from newsdesk.serving import feedback_service
from newsdesk.store.engine import MAX_OVERFLOW, POOL_SIZE
from tests.unit.deploy.test_compose_files import ROOT, stack

CLIENTS = {
    "mlflow", "migrate", "api", "exporter", "train", "maintenance", "airflow-init", "airflow-api-server",
    "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer", "postgres-exporter",
}  # fmt: skip
OURS = POOL_SIZE + MAX_OVERFLOW
_ROLLING = 2  # old and new replicas run at once while a version is deployed
_MLFLOW_ENGINES = 3  # of runs, of models, of logins
_AIRFLOW_ENGINES = 2  # a synchronous and an asynchronous one in each process
_RESERVED = 3  # superuser_reserved_connections


@pytest.fixture(scope="module")
def production() -> dict[str, Any]:
    services: dict[str, Any] = stack("scaled production")["services"]
    return services


def needed(services: dict[str, Any]) -> dict[str, int]:
    """The most connections that each may have open at once, by the rows of the table in docs/deployment.md."""
    api, mlflow, airflow = (services[name]["environment"] for name in ("api", "mlflow", "airflow-scheduler"))
    runs = int(mlflow["MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"]) + int(mlflow["MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW"])
    of_airflow = int(airflow["AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE"]) + int(
        airflow["AIRFLOW__DATABASE__SQL_ALCHEMY_MAX_OVERFLOW"]
    )
    replicas = int(services["api"]["deploy"]["replicas"]) * _ROLLING
    return {
        "API": replicas * int(api["API_WORKERS"]) * OURS,
        "exporter": OURS,
        "tasks": int(airflow["AIRFLOW__CORE__PARALLELISM"]) * OURS,
        "by hand": 3 * OURS,
        "MLflow": runs * _MLFLOW_ENGINES,
        "Airflow": of_airflow * (4 * _AIRFLOW_ENGINES + 1),
        "figures": 3,
        "reserved": _RESERVED,
    }


@pytest.mark.parametrize("name", ["scaled production", "scaled development"])
def test_all_connections_together_fit_into_what_postgresql_takes(name: str) -> None:
    services = stack(name)["services"]
    assert sum(needed(services).values()) <= most(services)


def test_the_documented_table_is_what_the_files_say(production: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    section = page.partition("## Connections")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| ([^|]+?) \|.*\| (\d+) \|$", section, flags=re.MULTILINE))
    told = needed(production)
    assert {name: int(number) for name, number in rows.items()} == told | {"together": sum(told.values())}
    assert f"`max_connections={most(production)}`" in section


def test_a_server_has_no_more_conversations_at_once_than_its_pool_takes() -> None:
    """Feedback, the thread of the prediction log, and who notes in the ledger that another model is in charge."""
    assert feedback_service._MAX_CONCURRENT + 2 <= OURS


def test_in_production_everybody_verifies_postgresql(production: dict[str, Any]) -> None:
    for name in CLIENTS:
        told, mounted = production[name]["environment"], {one["source"] for one in production[name]["secrets"]}
        assert "database_ca" in mounted, name
        if name == "postgres-exporter":
            assert told["DATA_SOURCE_URI"].endswith("?sslmode=verify-full&sslrootcert=/run/secrets/database_ca")
        else:
            assert (told["PGSSLMODE"], told["PGSSLROOTCERT"]) == ("verify-full", "/run/secrets/database_ca"), name


def test_nobody_else_knows_of_the_database(production: dict[str, Any]) -> None:
    """Whoever gets a password of PostgreSQL is known above."""
    secrets = ("database_url", "backend_store_uri", "postgres_password", "backup_databases")
    knows = {
        name
        for name, told in production.items()
        if any(one["source"].endswith(secrets) for one in told.get("secrets", []))
    }
    assert knows - {"postgres"} == CLIENTS


def test_only_postgresql_has_its_key_and_nobody_that_of_the_authority(production: dict[str, Any]) -> None:
    holders = [
        name
        for name, told in production.items()
        if "database_key" in {one["source"] for one in told.get("secrets", [])}
    ]
    assert holders == ["postgres"]
    assert "secrets-ca" not in (ROOT / "compose.prod.yaml").read_text(encoding="utf-8")


def test_by_the_network_postgresql_takes_encrypted_connections_with_a_password_alone() -> None:
    lines = (ROOT / "deploy" / "postgres" / "pg_hba.conf").read_text(encoding="utf-8").splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]
    assert {rule[0]: rule[-1] for rule in rules} == {"local": "trust", "hostssl": "scram-sha-256"}


def most(services: dict[str, Any]) -> int:
    (told,) = (word for word in services["postgres"]["command"] if word.startswith("max_connections="))
    return int(told.partition("=")[2])
