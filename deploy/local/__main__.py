"""All servers of Newsdesk as plain processes of this machine."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.ending import interrupt_by_signals
from deploy.local import table
from deploy.local.bringing_up import bring_up, prepare
from deploy.local.ports import HOST, Ports, free_ports
from deploy.local.replicas import restart, scale
from deploy.local.service import Service
from deploy.local.services import services_of
from deploy.local.stack import DEFAULT_HOME, Passwords, Stack, existing_stack, find_stack
from deploy.local.supervision import Supervisor
from newsdesk.errors import NewsdeskError, UsageError

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)

Home = Annotated[Path, typer.Option(help="Folder for everything that the servers keep.")]


@app.command(epilog="Example: python -m deploy.local up --no-airflow --replicas 1")
def up(
    home: Home = DEFAULT_HOME,
    replicas: Annotated[int, typer.Option(min=1, max=16, help="Servers of the API.")] = 2,
    airflow: Annotated[bool, typer.Option(help="With Airflow, which is installed where it is not yet.")] = True,
    any_ports: Annotated[bool, typer.Option("--free-ports", help="Listen on any free ports.")] = False,
) -> None:
    """Start everything, say where it is, and keep it until Ctrl+C."""
    home = home.absolute()
    known = find_stack(home)
    ports = free_ports() if any_ports else known.ports if known else Ports()
    passwords = known.passwords if known else Passwords.new()
    stack = Stack(home=home, ports=ports, replicas=(), with_airflow=airflow, passwords=passwords)
    interrupt_by_signals()
    stack = stack.with_replicas(replicas)
    supervisor = prepare(stack)
    process = supervisor.start()
    try:
        print(f"Everything is kept in {home}. Ctrl+C stops it all.\n\n{table.HEADING}", flush=True)
        bring_up(stack, supervisor, _tell)
        print(f"\nAll is up. Ask it: {_question(stack)}", flush=True)
        process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


@app.command(epilog="Example: python -m deploy.local down")
def down(home: Home = DEFAULT_HOME) -> None:
    """Stop everything, the last first."""
    supervisor = Supervisor(existing_stack(home.absolute()))
    if supervisor.is_running():
        supervisor.shut_down()
    print("Nothing of it runs.")


@app.command(epilog="Example: python -m deploy.local status --json")
def status(
    home: Home = DEFAULT_HOME,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say of every server where it is and whether it works; exit code 1 where one does not."""
    services = services_of(existing_stack(home.absolute()))
    works = {service.name: service.is_healthy() for service in services}
    if as_json:
        said = [{"name": one.name, "address": one.address, "works": works[one.name]} for one in services]
        print(json.dumps(said, indent=2))
    else:
        print(table.HEADING)
        for service in services:
            print(table.row(service, "works" if works[service.name] else "does not answer"))
    raise typer.Exit(not all(works.values()))


@app.command("scale", epilog="Example: python -m deploy.local scale 3")
def scale_to(
    count: Annotated[int, typer.Argument(min=1, max=16, help="Servers of the API.")], home: Home = DEFAULT_HOME
) -> None:
    """Have more servers of the API, or fewer, while requests come in."""
    scaled = scale(_running(home), count)
    print(f"Servers of the API are on ports {', '.join(map(str, scaled.replicas))}.")


@app.command("restart", epilog="Example: python -m deploy.local restart")
def restart_api(home: Home = DEFAULT_HOME) -> None:
    """Restart the servers of the API one by one, while requests come in."""
    restart(_running(home), lambda name: print(f"{name} is up again.", flush=True))


def _running(home: Path) -> Stack:
    stack = existing_stack(home.absolute())
    if not Supervisor(stack).is_running():
        raise UsageError(f"The stack in {stack.home} does not run. Start it: make stack.")
    return stack


def _tell(what: Service | str, seconds: float) -> None:
    state = f"{seconds:.1f} s"
    print(table.step(what, state) if isinstance(what, str) else table.row(what, f"works, {state}"), flush=True)


def _question(stack: Stack) -> str:
    text = '{"text": "Apple unveils a new chip for machine learning"}'
    return f"curl http://{HOST}:{stack.ports.api}/predict -H 'Content-Type: application/json' -d '{text}'"


def main() -> None:
    """Run the command line; every error of ours ends in one sentence and its exit code."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except NewsdeskError as error:
        print(f"deploy.local: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


main()
