"""Where an Airflow keeps its state, and what its processes find in their environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.airflow.installation import ROOT
from deploy.environment import run
from newsdesk.config.sqlite_address import sqlite_address

HOST = "127.0.0.1"
DAGS = ROOT / "dags"
TRAINING_POOL = "newsdesk_training"


@dataclass(frozen=True)
class Airflow:
    """One Airflow. `more` goes into the environment of its processes, and so of every task."""

    program: Path
    home: Path
    port: int
    jwt_secret: str = field(repr=False)  # one of all processes, or they do not believe one another
    user: str = "newsdesk"
    role: str = "admin"
    dags: Path = DAGS
    more: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def passwords(self) -> Path:
        """A JSON object: user → password."""
        return self.home / "passwords.json"

    @property
    def environment(self) -> dict[str, str]:
        given = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": sqlite_address(self.home / "airflow.db")} | os.environ
        return given | {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__API__BASE_URL": self.address,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": self.jwt_secret,
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.address}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.passwords),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{self.user}:{self.role}",
            # By default a task that takes longer than ten minutes is believed no more.
            "AIRFLOW__EXECUTION_API__JWT_EXPIRATION_TIME": "86400",
            "NEWSDESK_TRAINING_POOL": TRAINING_POOL,
            **self.more,
        }

    def run(self, *arguments: str) -> str:
        """Run an `airflow` command to its end; what it printed. Raises `NewsdeskError` where it fails."""
        return run([str(self.program), *arguments], self.environment)

    def prepare(self, training_slots: int = 2) -> None:
        """Make or upgrade its tables, and the pool that the candidates of a training share."""
        self.run("db", "migrate")
        about = "Candidates that are trained at the same time."
        self.run("pools", "set", TRAINING_POOL, str(training_slots), about)
