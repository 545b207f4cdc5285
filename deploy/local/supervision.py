"""supervisor keeps the servers: it starts them anew when they die, and stops them all."""

import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable, Iterator
from configparser import RawConfigParser
from contextlib import contextmanager, suppress
from http.client import HTTPException
from io import StringIO
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from deploy.local import leftovers
from deploy.local.service import Service
from deploy.local.stack import Stack
from newsdesk import atomic
from newsdesk.errors import NewsdeskError, UsageError

_STOP_SECONDS = 40  # longer than API_TIMEOUT
_LONGEST_SOCKET = 90  # bytes of its path: Linux allows 107, and supervisor adds some while it makes it
_OURS = ("NEWSDESK_", "API_", "MLFLOW_", "AIRFLOW_", "MODEL_", "PREDICTION_", "EXPERIMENT_", "REDIS_", "STORE_", "PG")


class StackError(NewsdeskError):
    """A server of the stack does not do what it should."""

    code = "stack"


class Supervisor:
    """The process manager of a stack, as its configuration describes it and as it is asked."""

    def __init__(self, stack: Stack) -> None:
        """Raises `UsageError` where the folder's path is too long for a socket in it."""
        self._stack = stack
        self._file, self._socket = stack.home / "supervisord.conf", stack.home / "supervisor.sock"
        self._pid_file = stack.home / "supervisord.pid"
        if len(os.fsencode(self._socket)) > _LONGEST_SOCKET:
            raise UsageError(f"{stack.home} is too long a path for a socket in it. Name a shorter one: --home.")

    def write(self, services: Iterable[Service]) -> None:
        """Its configuration, with passwords in it: for its owner's eyes only."""
        config = RawConfigParser()
        config.optionxform = str  # type: ignore[assignment,method-assign]  # as they are written
        config["supervisord"] = {
            "nodaemon": "true",
            "user": "root",
            "logfile": _quoted(self._stack.logs / "supervisord.log"),
            "pidfile": _quoted(self._pid_file),
            "childlogdir": _quoted(self._stack.logs),
        }
        if os.geteuid():
            config.remove_option("supervisord", "user")
        config["unix_http_server"] = {"file": _quoted(self._socket), "chmod": "0700"}
        config["rpcinterface:supervisor"] = {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        }
        config["eventlistener:leftovers"] = {
            "command": f"{_quoted(sys.executable, always=True)} {_quoted(leftovers.__file__, always=True)}",
            "events": ",".join(leftovers.EVENTS),
            "stderr_logfile": _quoted(log_of(self._stack, "leftovers")),
            "autorestart": "true",
            "stopsignal": "KILL",  # the last to go
        }
        services = list(services)
        kinds = list(dict.fromkeys(service.kind for service in services))
        for service in services:
            config[f"program:{service.name}"] = self._program(service, kinds.index(service.kind) + 1)
        text = StringIO()
        config.write(text)
        atomic.write_text(self._file, text.getvalue(), mode=0o600)

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

    def _program(self, service: Service, priority: int) -> dict[str, str]:
        program = {
            "command": " ".join(_quoted(word, always=True) for word in service.command),
            "directory": _quoted(service.folder),
            "priority": str(priority),
            "autostart": "false",  # each is started when those before it work
            "autorestart": "true",
            "startsecs": "1",
            "startretries": "100",
            "stopsignal": service.stop_signal,
            "stopwaitsecs": str(_STOP_SECONDS),
            "stopasgroup": str(service.stop_group).lower(),
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": _quoted(log_of(self._stack, service.name)),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "1",
            "environment": ",".join(f'{name}="{_quoted(value)}"' for name, value in service.environment.items()),
        }
        return program | ({"user": service.user} if service.user else {})


def environment_without_ours() -> dict[str, str]:
    """The environment of a process of the stack, which what was set for other uses of Newsdesk does not lead astray."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def log_of(stack: Stack, name: str) -> Path:
    """What a server has printed."""
    return stack.logs / f"{name}.log"


def _quoted(value: str | Path, *, always: bool = False) -> str:
    """As supervisor reads it: a percent sign begins an expansion there."""
    text = str(value).replace("%", "%%")
    return f'"{text}"' if always and any(character in text for character in " '\";") else text
