"""Airflow in an environment of its own, for its dependencies fit into no other."""

from pathlib import Path

from deploy.environment import locked_environment

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "requirements" / "airflow.txt"


def airflow_program() -> Path:
    """The `airflow` command, installed under var/airflow where it is not there yet, which takes a minute.

    Raises `NewsdeskError` where that fails.
    """
    return locked_environment(ROOT / "var" / "airflow", REQUIREMENTS) / "airflow"
