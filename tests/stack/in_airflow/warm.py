"""Run by Airflow's own Python: load Airflow once, which takes seconds, and run what is asked for in forks.

Each line that is read is a JSON object: a `script` beside this file, its `arguments`, the whole `environment`, and the
files for its `stdout` and `stderr`. Each line that is written is an exit code.
"""

import gc
import importlib
import json
import os
import sys
import traceback
from typing import NoReturn

SCRIPTS = ("describe", "run")
WHAT_TASKS_ASK = ("airflow.api_fastapi.execution_api.app", "airflow.sdk.execution_time.supervisor")


def main() -> None:
    answers = os.dup(1)
    os.dup2(2, 1)  # Airflow logs to standard output, from the first import on
    for name in (*SCRIPTS, *WHAT_TASKS_ASK):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for line in iter(sys.stdin.readline, ""):
        process = os.fork()
        if process == 0:
            _become(**json.loads(line))
        _, status = os.waitpid(process, 0)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))


def _become(script: str, arguments: list[str], environment: dict[str, str], stdout: str, stderr: str) -> NoReturn:
    for own, path in ((1, stdout), (2, stderr)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), own)
    os.environ.clear()
    os.environ.update(environment)
    ended = 0
    try:
        sys.modules[script].main(*arguments)
    except BaseException:  # noqa: BLE001 - whatever it dies of
        traceback.print_exc()
        ended = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ended)


if __name__ == "__main__":
    main()
