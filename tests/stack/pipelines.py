"""The whole loop on real servers: PostgreSQL, MLflow, and an Airflow that is asked over its REST API."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import yaml

from deploy.airflow.settings import DAGS
from newsdesk.config.settings import Settings
from newsdesk.store.database import open_store
from newsdesk.store.ledger import LedgerEntry, entries
from tests.builders import settings_in
from tests.stack.airflow_api import DONE as DONE
from tests.stack.airflow_api import PREPROCESSING as PREPROCESSING
from tests.stack.airflow_api import TRAINING as TRAINING
from tests.stack.airflow_api import AirflowApi, airflow_for, working
from tests.stack.airflow_api import until as until
from tests.stack.servers import MlflowServer, Postgresql, stoppable_mlflow_server, stoppable_postgresql

NEWSDESK = str(Path(sys.executable).with_name("newsdesk"))

MODELS = {"models": {"logistic_regression": {"C": 10.0}, "naive_bayes": {"alpha": 1.0}}}
PIPELINE = {
    "data_pipeline": {"schedule_interval": None, "retry_attempts": 4, "retry_delay": 2},
    "training_pipeline": {"model_comparison_threshold": 0.0},
    "monitoring": {"schedule_interval": None},
}


@dataclass(frozen=True)
class Pipelines(AirflowApi):
    """All of it, running. `inbox` is where tables are dropped."""

    database: Postgresql
    mlflow: MlflowServer
    settings: Settings
    inbox: Path

    def ledger(self) -> list[LedgerEntry]:
        store = open_store(self.settings.database)
        try:
            return entries(store)
        finally:
            store.dispose()


def processes() -> Iterator[tuple[int, bytes, bytes]]:
    """Number, command line and environment of each."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            yield int(folder.name), (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        except OSError:
            continue


@contextmanager
def pipelines(programs: Path, folder: Path, more_dags: str = "", **more: str) -> Iterator[Pipelines]:
    """Everything started and healthy, with two quick candidates and nothing on schedule; the other DAGs are paused."""
    home, configs, dags = folder / "airflow", folder / "configs", folder / "airflow" / "dags"
    configs.mkdir()
    (configs / "model_config.yaml").write_text(yaml.safe_dump(MODELS), encoding="utf-8")
    (configs / "pipeline_config.yaml").write_text(yaml.safe_dump(PIPELINE), encoding="utf-8")
    shutil.copytree(DAGS, dags, ignore=shutil.ignore_patterns("__pycache__"))
    (dags / "more.py").write_text(more_dags, encoding="utf-8")
    inbox = folder / "inbox"
    inbox.mkdir()
    with ExitStack() as stack:
        database = stack.enter_context(stoppable_postgresql(programs))
        server = database.address.removesuffix("/postgres")
        with psycopg.connect(database.address, autocommit=True) as connection:
            for name in ("airflow", "mlflow", "newsdesk"):
                connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        backend = f"{server}/mlflow".replace("postgresql://", "postgresql+psycopg://")
        mlflow = stack.enter_context(stoppable_mlflow_server(backend, folder))
        environment = {
            "NEWSDESK_INBOX": str(inbox),
            "NEWSDESK_STORAGE": str(folder / "storage"),
            "NEWSDESK_DATABASE_URL": f"{server}/newsdesk",
            "MLFLOW_TRACKING_URI": mlflow.address,
        }
        settings = settings_in(folder, **environment)
        airflow = airflow_for(settings, home, dags, f"{server}/airflow", **{"NEWSDESK_COMMAND": NEWSDESK} | more)
        api = stack.enter_context(working(airflow, PREPROCESSING, TRAINING))
        yield stack.enter_context(closing(Pipelines(api.airflow, api.components, database, mlflow, settings, inbox)))
