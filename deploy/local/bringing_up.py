"""Start all servers in order, each when those before it work, and train a first model."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterable

from deploy.local import postgresql
from deploy.local.airflow_services import prepare_airflow
from deploy.local.ports import require_free
from deploy.local.programs import require_programs
from deploy.local.proxy import write_proxy
from deploy.local.service import Service
from deploy.local.services import newsdesk_environment, services_of
from deploy.local.stack import Stack
from deploy.local.supervision import StackError, Supervisor, environment_without_ours
from deploy.local.supervisor_configuration import log_of
from deploy.local.watching import write_monitoring
from newsdesk.errors import UsageError

PATIENCE = 180  # seconds until a server that does not answer counts as broken

Tell = Callable[[Service | str, float], None]  # what is done, and in how many seconds


def prepare(stack: Stack) -> Supervisor:
    """Write everything that the servers read. Raises `UsageError` where the stack runs, or cannot."""
    supervisor = Supervisor(stack)
    if supervisor.is_running():
        raise UsageError(f"The stack in {stack.home} runs already. Stop it first: make stack-down.")
    require_programs()
    ports = stack.ports.model_dump() | {f"api-{port}": port for port in stack.replicas}
    require_free({name: port for name, port in ports.items() if name != "airflow" or stack.with_airflow})
    services = services_of(stack)
    stack.save()
    for folder in {stack.logs, *(service.folder for service in services)}:
        folder.mkdir(parents=True, exist_ok=True)
    postgresql.create_cluster(stack)
    write_proxy(stack)
    write_monitoring(stack)
    supervisor.write(services)
    return supervisor


def bring_up(stack: Stack, supervisor: Supervisor, tell: Tell) -> None:
    """Start what does not run yet, and say of each that it works. Raises `NewsdeskError`."""
    for service in services_of(stack):
        begun = time.monotonic()
        supervisor.run(service.name)
        wait_for(stack, supervisor, [service])
        tell(service, time.monotonic() - begun)
        match service.name:
            case "postgresql":
                _wait(lambda: postgresql.is_ready(stack), service.name, stack)
                postgresql.create_databases(stack)
                _newsdesk(stack, "store", "migrate")
                if stack.with_airflow:
                    prepare_airflow(stack, newsdesk_environment(stack))
            case "mlflow":
                _train_once(stack, tell)


def wait_for(stack: Stack, supervisor: Supervisor, services: Iterable[Service]) -> None:
    """Wait until they work. Raises `StackError` where one does not."""
    for service in services:

        def works(service: Service = service) -> bool:
            if supervisor.states()[service.name] == "FATAL":
                raise StackError(f"{service.name} does not stay up: see {log_of(stack, service.name)}.")
            return service.is_healthy()

        _wait(works, service.name, stack)


def _wait(works: Callable[[], bool], name: str, stack: Stack) -> None:
    deadline = time.monotonic() + PATIENCE
    while not works():
        if time.monotonic() > deadline:
            raise StackError(f"{name} does not answer as it should within {PATIENCE} s: see {log_of(stack, name)}.")
        time.sleep(0.1)


def _train_once(stack: Stack, tell: Tell) -> None:
    """A first model from the sample corpus, so that the first question has an answer."""
    if (done := stack.newsdesk_home / "first-model").exists():
        return
    begun = time.monotonic()
    _newsdesk(stack, "run", "--no-serve")
    done.touch()
    tell("first model", time.monotonic() - begun)


def _newsdesk(stack: Stack, *arguments: str) -> None:
    log = log_of(stack, "newsdesk")
    with log.open("ab") as output:
        ended = subprocess.run(
            [sys.executable, "-m", "newsdesk", *arguments],
            env={**environment_without_ours(), **newsdesk_environment(stack)},
            cwd=stack.newsdesk_home,
            stdout=output,
            stderr=output,
            check=False,
        )
    if ended.returncode:
        raise StackError(f"newsdesk {' '.join(arguments)} failed: see {log}.")
