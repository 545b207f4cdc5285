"""Load the large libraries once, and fork for every command: `python -m tests.warm.server SOCKET`."""

import gc
import importlib
import io
import marshal
import os
import random
import select
import shutil
import signal
import socket
import sys
import time
from pathlib import Path
from typing import NoReturn

import newsdesk.registry
from newsdesk.config.model_config import TextCleaning
from newsdesk.model.estimator_compiler import _forms_by_word
from tests.mlflow_tables import copy_where_mlflow_makes_them

# What brings the libraries along. Not the command line's own rooms: they look at the environment as they are imported.
_LOADED = (
    "newsdesk.registry.tracking",
    "newsdesk.training.plots",
    "newsdesk.pipeline.promotion_gate",
    "newsdesk.pipeline.prepare",
    "newsdesk.pipeline.candidate_training",
    "newsdesk.store.migration",
    "alembic.command",
    "mlflow.pyfunc",
    "skops.io",
)


def serve(address: Path) -> None:
    """Answer until standard input ends."""
    for name in _LOADED:
        importlib.import_module(name)
    copy_where_mlflow_makes_them()
    from mlflow.utils import requirements_utils

    _forms_by_word(TextCleaning())  # for which every training cleans 70,000 forms
    requirements_utils._init_packages_to_modules_map()  # looks at every package that is installed, and keeps it
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who mind a command
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        draft = address.with_suffix(".draft")
        listening.bind(str(draft))
        listening.listen(64)
        draft.rename(address)
        while True:
            ready, _, _ = select.select([listening, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            client, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _mind(client)
            client.close()


def _mind(client: socket.socket) -> None:
    """Run one command, and tell the client how it ended. Returns in the command's own process alone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, files, _, _ = socket.recv_fds(client, 8, 3)
    missing, parts = int.from_bytes(head, "big"), []
    while missing:
        part = client.recv(missing)
        if not part:  # it was killed before it had said what it wants
            os._exit(0)
        parts.append(part)
        missing -= len(part)
    process = os.fork()
    if process == 0:
        client.close()
        _become(files, *marshal.loads(b"".join(parts)))
    for file in files:
        os.close(file)
    ended = os.pidfd_open(process)
    while True:
        ready, _, _ = select.select([client, ended], [], [])
        if ended in ready:
            _, status = os.waitpid(process, 0)
            client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
            os._exit(0)
        number = client.recv(1)
        os.kill(process, number[0] if number else signal.SIGKILL)  # whoever kills the client means the command
        if not number:
            os._exit(0)


def _become(files: list[int], arguments: list[str], folder: str, environment: dict[str, str], umask: int) -> NoReturn:
    os.setsid()
    for own, given in enumerate(files):
        os.dup2(given, own)
        os.close(given)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(umask)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    random.seed()
    sys.path[0] = ""
    sys.modules["__main__"].__package__ = None  # by which Click names the program
    sys.argv = ["newsdesk", *arguments[1:]]
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8")
    sys.stdout, sys.stderr = _text(1, "strict"), _text(2, "backslashreplace")
    importlib.reload(newsdesk.registry)  # sets variables as it is imported
    from newsdesk.cli.app import main

    sys.exit(main())


def _text(file: int, errors: str) -> io.TextIOWrapper:
    raw = io.BufferedWriter(io.FileIO(file, "w", closefd=False))
    return io.TextIOWrapper(raw, encoding="utf-8", errors=errors, line_buffering=file == 2 or os.isatty(file))


if __name__ == "__main__":
    socket_file = Path(sys.argv[1])
    serve(socket_file)
    shutil.rmtree(socket_file.parent)
