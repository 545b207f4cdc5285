"""PostgreSQL: a cluster of its own, one database and one user for each who keeps something there."""

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from deploy.local.ports import HOST
from deploy.local.programs import postgresql_programs
from deploy.local.service import Service
from deploy.local.stack import DATABASES, Stack
from newsdesk import atomic
from newsdesk.errors import NewsdeskError, UsageError

_OWNER = "postgres"  # whom Debian's package makes; PostgreSQL refuses to run as root


class PostgresqlError(NewsdeskError):
    """PostgreSQL cannot be set up."""

    code = "postgresql"


def service(stack: Stack) -> Service:
    """The server."""
    options = {
        "listen_addresses": HOST,
        "port": str(stack.ports.postgresql),
        "unix_socket_directories": "",
        "max_connections": "200",
    }
    told = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return Service(
        name="postgresql",
        command=(str(_programs() / "postgres"), "-D", str(_data(stack)), *told),
        folder=stack.home / "postgresql",
        health=f"tcp://{HOST}:{stack.ports.postgresql}",
        user=_OWNER if os.geteuid() == 0 else None,
        stop_signal="INT",  # end what is open, and stop; its children hear it from the parent
        login=f"{', '.join(DATABASES)}: a database each, passwords in stack.json",
    )


def create_cluster(stack: Stack) -> None:
    """Make the cluster where there is none yet. Raises `UsageError`, `PostgresqlError`."""
    data, folder = _data(stack), stack.home / "postgresql"
    if data.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    as_owner: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, _OWNER)
        as_owner = ["runuser", "-u", _OWNER, "--"]
        if subprocess.run([*as_owner, "test", "-w", str(folder)], check=False).returncode:
            raise UsageError(
                f"PostgreSQL, which runs as the user {_OWNER}, may not reach {folder}. Name a folder that all users "
                "may pass through: --home."
            )
    draft, password = folder / "new", folder / "password"
    shutil.rmtree(draft, ignore_errors=True)
    atomic.write_text(password, stack.passwords.postgresql["postgres"], mode=0o600)
    if as_owner:
        shutil.chown(password, _OWNER)
    options = ("-U", "postgres", "--auth=scram-sha-256", f"--pwfile={password}", "-E", "UTF8", "--locale=C.UTF-8")
    try:
        _run([*as_owner, str(_programs() / "initdb"), "-D", str(draft), *options], folder)
    finally:
        password.unlink()
    draft.rename(data)


def create_databases(stack: Stack) -> None:
    """Users and databases, those that are missing. Nobody else may connect to them."""
    with psycopg.connect(stack.database("postgres"), autocommit=True) as connection:
        for user in (*DATABASES, "exporter"):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [user]).fetchone()
            verb = "ALTER" if known else "CREATE"
            statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(user), stack.passwords.postgresql[user]))
        connection.execute("GRANT pg_monitor TO exporter")
        for name in DATABASES:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
            connection.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def is_ready(stack: Stack) -> bool:
    """Whether it takes connections: it listens a moment before it does."""
    try:
        psycopg.connect(stack.database("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _data(stack: Stack) -> Path:
    return stack.home / "postgresql" / "data"


def _programs() -> Path:
    found = postgresql_programs()
    if found is None:
        raise UsageError("PostgreSQL is not installed. Install it: sudo make system-deps.")
    return found


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PostgresqlError(f"{command[-1]} … failed: {done.stderr.strip()}")
