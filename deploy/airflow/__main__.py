"""Airflow with the DAGs of Newsdesk, on this machine, until Ctrl+C: `make airflow`.

Its own tables are in SQLite, or where AIRFLOW__DATABASE__SQL_ALCHEMY_CONN says. Settings of Newsdesk in the environment
reach the tasks.
"""

import json
import os
import secrets
import sys
import time
from pathlib import Path
from urllib.error import URLError

from deploy.airflow.component import Component, running
from deploy.airflow.installation import airflow_program
from deploy.airflow.settings import Airflow
from deploy.ending import interrupt_by_signals
from newsdesk import atomic
from newsdesk.config.settings import load_settings
from newsdesk.errors import NewsdeskError
from newsdesk.http_client import make_opener

COMPONENTS = ("api-server", "scheduler", "dag-processor")
_PATIENCE = 120  # seconds until it answers


def main() -> None:
    """Install, prepare, start, and wait for the end."""
    interrupt_by_signals()
    try:
        say("Looking for Airflow (installed into var/airflow once, which takes a minute) ...")
        airflow = local_airflow(airflow_program(), int(os.environ.get("AIRFLOW_PORT", "8080")))
        say("Preparing its tables ...")
        airflow.prepare()
        with running(airflow, *COMPONENTS) as components:
            _wait_until_it_answers(airflow, components)
            _invite(airflow)
            _wait_for_the_end(components)
    except NewsdeskError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        say("Stopped.")


def local_airflow(program: Path, port: int) -> Airflow:
    """The Airflow under NEWSDESK_HOME, with its secrets, which are made once."""
    settings = load_settings()
    home = settings.home / "airflow" / "home"
    home.mkdir(parents=True, exist_ok=True)
    more = settings.environment_variables() | {  # tasks work in another folder, and find no .env there
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "NEWSDESK_HOME": str(settings.home),
        "NEWSDESK_CONFIG_DIR": str(settings.config_dir.absolute()),
        "NEWSDESK_COMMAND": os.environ.get("NEWSDESK_COMMAND") or str(Path(sys.executable).with_name("newsdesk")),
    }
    secret = _kept(home / "jwt_secret", secrets.token_urlsafe(64))
    airflow = Airflow(program, home, port, secret, more=more)
    _kept(airflow.passwords, json.dumps({airflow.user: secrets.token_urlsafe(12)}))
    return airflow


def _kept(file: Path, content: str) -> str:
    """What the file holds, which nobody else may read; `content` where it is not there yet."""
    if not file.exists():
        atomic.write_text(file, content, mode=0o600)
    return file.read_text(encoding="utf-8")


def _wait_until_it_answers(airflow: Airflow, components: dict[str, Component]) -> None:
    say("Starting ...")
    for _ in range(_PATIENCE * 2):
        _check(components)
        try:
            with make_opener().open(f"{airflow.address}/api/v2/monitor/health", timeout=5) as answer:
                health = json.load(answer)
            if all(health[name]["status"] == "healthy" for name in ("metadatabase", "scheduler", "dag_processor")):
                return
        except (URLError, OSError):
            pass
        time.sleep(0.5)
    raise NewsdeskError(f"Airflow did not become healthy within {_PATIENCE} s. Look at the logs in {airflow.home}.")


def _check(components: dict[str, Component]) -> None:
    for name, component in components.items():
        if component.has_ended:
            raise NewsdeskError(f"Airflow's {name} ended. The end of {component.log} says why.")


def _invite(airflow: Airflow) -> None:
    password = json.loads(airflow.passwords.read_text(encoding="utf-8"))[airflow.user]
    inbox = load_settings().inbox_address
    say(
        f"\n  Airflow    {airflow.address}\n  login      {airflow.user} / {password}\n  DAGs       {airflow.dags}\n"
        f"  inbox      {inbox}\n  logs       {airflow.home}\n\nCtrl+C stops it."
    )


def _wait_for_the_end(components: dict[str, Component]) -> None:
    while True:
        _check(components)
        time.sleep(1)


def say(sentence: str) -> None:
    """To whom started it."""
    print(sentence, flush=True)


if __name__ == "__main__":
    main()
