"""supervisor keeps the servers: it starts them anew when they die, and stops them all."""

import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.service import Service
from deploy.local.stack import Stack
from deploy.local.supervisor_configuration import pid_file_of, socket_of, supervisor_configuration
from newsdesk import atomic
from newsdesk.errors import NewsdeskError

_OURS = ("NEWSDESK_", "API_", "MLFLOW_", "AIRFLOW_", "MODEL_", "PREDICTION_", "EXPERIMENT_", "REDIS_", "STORE_", "PG")


class StackError(NewsdeskError):
    """A server of the stack does not do what it should."""

    code = "stack"


class Supervisor:
    """The process manager of a stack, as its configuration describes it and as it is asked."""

    def __init__(self, stack: Stack) -> None:
        """Raises `UsageError` where the folder's path is too long for a socket in it."""
        self._stack = stack
        self._file, self._socket = stack.home / "supervisord.conf", socket_of(stack)
        self._pid_file = pid_file_of(stack)

    def write(self, services: Sequence[Service]) -> None:
        """Its configuration, for its owner's eyes only."""
        atomic.write_text(self._file, supervisor_configuration(self._stack, services), mode=0o600)

    def start(self) -> "subprocess.Popen[bytes]":
        """Start it with nothing to keep yet; it is its caller's child. Raises `StackError`."""
        command = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "supervisor.supervisord"]
        with (self._stack.logs / "supervisord.out").open("ab") as log:
            process = subprocess.Popen(
                [*command, "-c", str(self._file)],
                stdout=log,
                stderr=log,
                env=environment_without_ours(),
                cwd=self._stack.home,
                start_new_session=True,  # Ctrl+C is not for it: it is told
            )
        while not self.is_running():
            if process.poll() is not None:
                raise StackError(f"supervisor ended at once: see {log.name}.")
            time.sleep(0.05)
        return process

    def is_running(self) -> bool:
        """Whether it answers."""
        try:
            with self._asking() as supervisor:
                supervisor.getState()
        except (OSError, HTTPException):
            return False
        except xmlrpc.client.Fault:  # it shuts down
            return True
        return True

    def states(self) -> dict[str, str]:
        """The state of each server that it keeps: RUNNING, BACKOFF, FATAL …"""
        with self._asking() as supervisor:
            return {str(info["name"]): str(info["statename"]) for info in supervisor.getAllProcessInfo()}

    def process(self, name: str) -> int:
        """The process id of a server."""
        with self._asking() as supervisor:
            return int(supervisor.getProcessInfo(name)["pid"])

    def run(self, name: str) -> None:
        """Start a server, where it does not run."""
        if self.states().get(name) not in ("RUNNING", "STARTING"):
            with self._asking() as supervisor:
                supervisor.startProcess(name, False)

    def restart(self, name: str) -> None:
        """Stop a server, wait until it has ended, and start it again."""
        with self._asking() as supervisor:
            supervisor.stopProcess(name)
            supervisor.startProcess(name, False)

    def signal(self, name: str, number: str) -> None:
        """Send a signal to a server."""
        with self._asking() as supervisor:
            supervisor.signalProcess(name, number)

    def take_up_changes(self) -> None:
        """After `write`: know servers that are new, stop those that are gone."""
        with self._asking() as supervisor:
            ((added, _, removed),) = supervisor.reloadConfig()
            for name in removed:
                supervisor.stopProcessGroup(name)
                supervisor.removeProcessGroup(name)
            for name in added:
                supervisor.addProcessGroup(name)

    def shut_down(self) -> None:
        """Have it stop everything, the last first, and wait until it has ended."""
        with suppress(xmlrpc.client.Fault), self._asking() as supervisor:  # a fault: it does so already
            supervisor.shutdown()
        while self.is_running() or self._pid_file.exists():
            time.sleep(0.05)

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with xmlrpc.client.ServerProxy("http://localhost", transport) as server:
            yield server.supervisor


def environment_without_ours() -> dict[str, str]:
    """The environment of a process of the stack, which what was set for other uses of Newsdesk does not lead astray."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
