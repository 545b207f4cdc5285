"""Run the `newsdesk` command in its own environment, and tell Airflow how it ended.

What may pass is tried again with the task's back-off; what cannot pass fails at once; data or a model that is refused
skips the tasks after it with the reason, for that is an answer and no failure.
"""

import json
import logging
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import IO, Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from newsdesk_dags.skipping import refuse, skip

Result = dict[str, Any]

_COMMAND = "NEWSDESK_COMMAND"
_GRACE = 10  # seconds for the command to end by itself once it is told to
_LONGEST_LINE = 500  # characters of a line of progress that the log keeps

log = logging.getLogger(__name__)


def newsdesk(*arguments: str) -> Result:
    """What `newsdesk … --json` prints. Its progress goes into the task's log, line by line.

    Raises `AirflowSkipException` where the articles cannot be used or no model is in charge yet, `AirflowException`
    for what may pass, `AirflowFailException` for what cannot.
    """
    with TemporaryFile() as output:
        exit_code = _run([*_command(), *arguments, "--json"], output)
        output.seek(0)
        return _result(arguments[0], exit_code, output.read())


def options(**values: object) -> list[str]:
    """Command line options for those values that are given: `tuning_budget=5` → `--tuning-budget 5`."""
    found: list[str] = []
    for name, value in values.items():
        option = f"--{name.replace('_', '-')}"
        match value:
            case None | False:
                continue
            case True:
                found.append(option)
            case list():
                found += [option, ",".join(map(str, value))]
            case _:
                found += [option, str(value)]
    return found


def _command() -> list[str]:
    command = shlex.split(os.environ.get(_COMMAND) or "newsdesk")
    if shutil.which(command[0]) is None:
        raise AirflowFailException(
            f"There is no command {command[0]!r} on this worker. Say in {_COMMAND} where the newsdesk command is."
        )
    # Where the task itself is killed, nobody is left to end the command: the kernel does it.
    return ["setpriv", "--pdeathsig", "TERM", *command] if shutil.which("setpriv") else command


def _run(command: list[str], output: IO[bytes]) -> int:
    log.info("Running %s", shlex.join(command))
    with subprocess.Popen(  # noqa: S603 - the command that the environment names
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            with _ended_with_the_task(process):
                assert process.stderr
                for line in process.stderr:
                    log.info("%s", line.rstrip()[:_LONGEST_LINE])
                return process.wait()
        finally:  # also when the task's time is up
            _end(process)


@contextmanager
def _ended_with_the_task(process: "subprocess.Popen[str]") -> Iterator[None]:
    """Airflow asks a task to end by SIGTERM, and kills it a few seconds later."""

    def end(*_: object) -> None:
        _signal(process, signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(process: "subprocess.Popen[str]") -> None:
    """End it with all that it started: politely, then not."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_GRACE)
    _signal(process, signal.SIGKILL)


def _signal(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _result(name: str, exit_code: int, output: bytes) -> Result:
    if exit_code < 0:
        raise AirflowException(f"newsdesk {name} was ended by {signal.Signals(-exit_code).name}.")
    try:
        result = json.loads(output)
    except ValueError as error:
        raise AirflowFailException(f"newsdesk {name} ended with exit code {exit_code} and no result.") from error
    if "error" not in result:
        return dict(result)
    message = f"newsdesk {name}: {result['message']}"
    if result["error"] == "data":
        refuse(message)
    if result["error"] == "no_champion":  # nothing was promoted yet: there is nothing to look at
        skip(message)
    if result["may_pass"]:
        raise AirflowException(message)
    raise AirflowFailException(message)
