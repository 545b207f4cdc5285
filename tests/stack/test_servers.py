"""The main job against a real MLflow server and a real PostgreSQL, instead of the embedded SQLite files."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from tests.builders import QUICK_MODELS, sample_rows, write_csv
from tests.stack.servers import free_port, mlflow_server, postgresql
from tests.warm import warm_newsdesk

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Stack:
    """Where the servers are, and a folder to run commands in."""

    folder: Path
    database: str
    mlflow: str

    def newsdesk(
        self, *arguments: str, home: str = "var", mlflow: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the real command against the servers."""
        environment = os.environ | {
            "NEWSDESK_HOME": str(self.folder / home),
            "NEWSDESK_DATABASE_URL": self.database,
            "MLFLOW_TRACKING_URI": mlflow or self.mlflow,
        }
        return subprocess.run(
            [warm_newsdesk(), *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, programs: Path) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text(QUICK_MODELS, encoding="utf-8")
    write_csv(folder / "articles.csv", sample_rows(60))
    with postgresql(programs) as database, mlflow_server(_with_driver(database), folder) as mlflow:
        yield Stack(folder, database, mlflow)


@contextmanager
def connected(stack: Stack) -> Iterator[Connection]:
    engine = create_engine(_with_driver(stack.database))
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _with_driver(address: str) -> str:
    return address.replace("postgresql://", "postgresql+psycopg://")


def test_the_main_job_promotes_in_a_real_mlflow_server_and_writes_the_ledger_into_postgresql(stack: Stack) -> None:
    done = stack.newsdesk("run", "--data", "articles.csv", "--no-serve", "--json")
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["gate"]["decision"] == "promoted"

    (version,) = json.loads(stack.newsdesk("models", "list", "--json").stdout)
    assert version["aliases"] == ["champion"]
    assert version["digest"] == outcome["champion"]["digest"]

    with connected(stack) as connection:
        row = connection.execute(text("SELECT decision, to_version, digest FROM promotion_ledger")).one()
    assert tuple(row) == ("promoted", "1", outcome["champion"]["digest"])


def test_another_machine_fetches_the_champion_from_the_server(stack: Stack) -> None:
    done = stack.newsdesk("models", "promote", "1", home="elsewhere")
    assert done.returncode == 0, done.stderr
    here, there = (
        json.loads((stack.folder / home / "bundles" / "champion.json").read_text()) for home in ("var", "elsewhere")
    )
    assert here == there
    files = {
        home: sorted((stack.folder / home / "bundles" / here["bundle"]).iterdir()) for home in ("var", "elsewhere")
    }
    assert [file.read_bytes() for file in files["var"]] == [file.read_bytes() for file in files["elsewhere"]]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE promotion_ledger SET reason = 'x'", "DELETE FROM promotion_ledger", "TRUNCATE promotion_ledger"],
)
def test_postgresql_itself_refuses_to_change_the_ledger(stack: Stack, statement: str) -> None:
    with connected(stack) as connection, pytest.raises(DBAPIError, match="only grows"):
        connection.execute(text(statement))


def test_an_mlflow_server_that_is_away_ends_in_one_sentence_and_promotes_nothing(stack: Stack) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    done = stack.newsdesk("run", "--data", "articles.csv", "--no-serve", home="alone", mlflow=away)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"newsdesk: MLflow at {away} ")
    assert not (stack.folder / "alone" / "bundles").exists()


def test_a_store_that_is_away_ends_in_one_sentence_without_its_password(stack: Stack) -> None:
    away = Stack(stack.folder, f"postgresql://newsdesk:not-to-be-shown@127.0.0.1:{free_port()}/postgres", stack.mlflow)
    done = away.newsdesk("models", "ledger")
    assert done.returncode == 1
    (sentence,) = done.stderr.splitlines()
    assert "does not answer" in sentence
    assert "not-to-be-shown" not in sentence
