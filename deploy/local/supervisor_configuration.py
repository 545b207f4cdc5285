"""What supervisor reads: how each server is started, stopped, and started again."""

import os
import sys
from collections.abc import Sequence
from configparser import RawConfigParser
from io import StringIO
from pathlib import Path

from deploy.local import leftovers
from deploy.local.service import Service
from deploy.local.stack import Stack
from newsdesk.errors import UsageError

_STOP_SECONDS = 40  # longer than API_TIMEOUT
_LONGEST_SOCKET = 90  # bytes of its path: Linux allows 107, and supervisor adds some while it makes it


def supervisor_configuration(stack: Stack, services: Sequence[Service]) -> str:
    """Its file, with passwords in it."""
    config = RawConfigParser()
    config.optionxform = str  # type: ignore[assignment,method-assign]  # as they are written
    config["supervisord"] = {
        "nodaemon": "true",
        "logfile": _quoted(stack.logs / "supervisord.log"),
        "pidfile": _quoted(pid_file_of(stack)),
        "childlogdir": _quoted(stack.logs),
        **({} if os.geteuid() else {"user": "root"}),  # said, it is no warning
    }
    config["unix_http_server"] = {"file": _quoted(socket_of(stack)), "chmod": "0700"}
    config["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    config["eventlistener:leftovers"] = {
        "command": f"{_quoted(sys.executable, always=True)} {_quoted(leftovers.__file__, always=True)}",
        "events": ",".join(leftovers.EVENTS),
        "stderr_logfile": _quoted(log_of(stack, "leftovers")),
        "autorestart": "true",
        "stopsignal": "KILL",  # the last to go
    }
    kinds = list(dict.fromkeys(service.kind for service in services))
    for service in services:
        config[f"program:{service.name}"] = _program(stack, service, kinds.index(service.kind) + 1)
    text = StringIO()
    config.write(text)
    return text.getvalue()


def socket_of(stack: Stack) -> Path:
    """Where supervisor is asked. Raises `UsageError` where the path is too long for a socket."""
    socket = stack.home / "supervisor.sock"
    if len(os.fsencode(socket)) > _LONGEST_SOCKET:
        raise UsageError(f"{stack.home} is too long a path for a socket in it. Name a shorter one: --home.")
    return socket


def pid_file_of(stack: Stack) -> Path:
    """Which is there as long as supervisor is."""
    return stack.home / "supervisord.pid"


def log_of(stack: Stack, name: str) -> Path:
    """What a server has printed."""
    return stack.logs / f"{name}.log"


def _program(stack: Stack, service: Service, priority: int) -> dict[str, str]:
    # Where supervisor is killed, the kernel tells its children at once, and `leftovers` what they have started.
    command = ("setpriv", "--pdeathsig", service.stop_signal, "--", *service.command)
    program = {
        "command": " ".join(_quoted(word, always=True) for word in command),
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
        "stdout_logfile": _quoted(log_of(stack, service.name)),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "1",
        "environment": ",".join(f'{name}="{_quoted(value)}"' for name, value in service.environment.items()),
    }
    return program | ({"user": service.user} if service.user else {})


def _quoted(value: str | Path, *, always: bool = False) -> str:
    """As supervisor reads it: a percent sign begins an expansion there."""
    text = str(value).replace("%", "%%")
    return f'"{text}"' if always and any(character in text for character in " '\";") else text
