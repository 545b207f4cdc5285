"""`newsdesk`: all commands, and how they fail."""

import json
import logging
import os
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import typer

from newsdesk.cli import (
    backup,
    config,
    data,
    doctor,
    exporter,
    ingest,
    keys,
    models,
    monitor,
    output,
    predict,
    prune,
    retrain,
    run,
    score,
    serve,
    store,
    training,
)
from newsdesk.errors import NewsdeskError
from newsdesk.redaction import redact
from newsdesk.stopping import Stopped, StopRequests, take_stop_requests

# The groups of `newsdesk --help`, in its order: what one does, looks at, must not lose, and leaves to machines.
EVERY_DAY, LOOK, KEEP_SAFE, FOR_SCHEDULERS = "Every day", "Look", "Keep safe", "For schedulers"

app = typer.Typer(
    name="newsdesk",
    help="Sorts news: trains classifiers on your articles, promotes the best, serves it over HTTP.",
    epilog="Example: newsdesk run --data articles.csv",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

every_day = partial(app.command, rich_help_panel=EVERY_DAY)
every_day("run", epilog="Example: newsdesk run --data articles.csv --no-serve")(run.run)
every_day("serve", epilog="Example: newsdesk serve --port 8080")(serve.serve)
every_day("predict", epilog="Example: newsdesk predict 'Stock market hits record high'")(predict.predict)
every_day("score", epilog="Example: newsdesk score articles.csv scored.csv")(score.score)
every_day("retrain", epilog="Example: newsdesk retrain --if-needed")(retrain.retrain)
app.add_typer(models.app, name="models", rich_help_panel=EVERY_DAY)
app.add_typer(data.app, name="data", rich_help_panel=EVERY_DAY)

look = partial(app.command, rich_help_panel=LOOK)
look("monitor", epilog="Example: newsdesk monitor --html monitor.html")(monitor.monitor)
look("evaluate", epilog="Example: newsdesk evaluate --data test.csv --version 3")(training.evaluate)
look("doctor", epilog="Example: newsdesk doctor --json")(doctor.doctor)
app.add_typer(config.app, name="config", rich_help_panel=LOOK)

keep_safe = partial(app.command, rich_help_panel=KEEP_SAFE)
keep_safe("backup", epilog="Example: newsdesk backup --to /mnt/backups")(backup.backup)
keep_safe("restore", epilog="Example: newsdesk restore var/backups/newsdesk-….tar.gz")(backup.restore)
keep_safe("prune", epilog="Example: newsdesk prune --dry-run")(prune.prune)
app.add_typer(keys.app, name="keys", rich_help_panel=KEEP_SAFE)
app.add_typer(store.app, name="store", rich_help_panel=KEEP_SAFE)

for_schedulers = partial(app.command, rich_help_panel=FOR_SCHEDULERS)
for_schedulers("ingest", epilog="Example: newsdesk ingest --data news.csv")(ingest.ingest)
for_schedulers("prepare", epilog="Example: newsdesk prepare")(ingest.prepare)
for_schedulers("plan", epilog="Example: newsdesk plan --candidates logistic_regression,naive_bayes")(training.plan)
for_schedulers("train", epilog="Example: newsdesk train --plan 3f9c2a1b --candidate naive_bayes")(training.train)
for_schedulers("promote", epilog="Example: newsdesk promote --plan 3f9c2a1b --dry-run")(training.promote)
for_schedulers("smoke-test", epilog="Example: newsdesk smoke-test --url http://localhost:8000")(training.smoke_test)
for_schedulers("exporter", epilog="Example: newsdesk exporter --port 9101")(exporter.exporter)


@app.callback()
def options(debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error.")) -> None:
    """Options of every command."""


@look("version", epilog="Example: newsdesk version")
def version() -> None:
    """Print the version of Newsdesk."""
    from newsdesk import __version__

    print(__version__)


def main() -> None:
    """Run the command line; every error of ours ends in one sentence and its exit code."""
    requests = take_stop_requests()
    exit_code = _run(requests)
    if requests.asked is not None and requests.is_too_late and exit_code < 128:
        output.say("It was too late to stop: what was decided is carried out.")
    requests.is_too_late = True
    sys.exit(output.end(exit_code))


def _make_record(*arguments: Any, **keywords: Any) -> logging.LogRecord:
    """What is logged, by whichever library, without secrets; few commands log anything at all."""
    from newsdesk.config.secrets import RedactedRecord

    logging.setLogRecordFactory(RedactedRecord)
    return RedactedRecord(*arguments, **keywords)


def _ensure_home() -> None:
    """Libraries keep caches in the user's home; a user without one, as in containers, has it where our state is."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(Path(os.environ.get("NEWSDESK_HOME") or "var").absolute())


def _run(requests: StopRequests) -> int:
    """The exit code of the command."""
    try:
        output.prepare()
        _ensure_home()
        logging.setLogRecordFactory(_make_record)
        app()
    except SystemExit as ended:
        if isinstance(ended.__context__, output.OutputRefused):  # of a closed pipe, for which Typer has no word
            return output.refused(ended.__context__)
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except (Stopped, KeyboardInterrupt) as stopped:
        return _report_stop(requests, stopped.exit_code if isinstance(stopped, Stopped) else 130)
    except output.OutputRefused as error:
        return output.refused(error)
    except Exception as error:  # noqa: BLE001 - every one is told, a defect as such
        if requests.asked is not None and not requests.is_too_late:
            return _report_stop(requests, Stopped(requests.asked).exit_code)  # whatever a library made of it
        secrets = _secrets()
        if "--debug" in sys.argv:
            output.show_traceback(error, secrets)
            return 1
        sentence, exit_code = _describe(error)
        sentence = redact(sentence, secrets)
        output.say(sentence)
        if "--json" in sys.argv:
            _print_json(error, sentence)
        return exit_code
    return 0


def _report_stop(requests: StopRequests, exit_code: int) -> int:
    requests.is_too_late = True
    output.say("Stopped. What was finished is kept; run the command again to go on.")
    return exit_code


def _secrets() -> frozenset[str]:
    """Words of libraries may repeat those of any address in the settings."""
    from newsdesk.config.secrets import known_secrets

    return known_secrets()


def _print_json(error: Exception, sentence: str) -> None:
    """For machines: what went wrong, and whether to try again."""
    code = error.code if isinstance(error, NewsdeskError) else "system" if isinstance(error, OSError) else "defect"
    may_pass = error.may_pass if isinstance(error, NewsdeskError) else isinstance(error, OSError)
    result = {"error": code, "message": sentence, "may_pass": may_pass and not _is_about_a_certificate(error)}
    with suppress(OSError):  # the sentence is said already
        print(json.dumps(result), flush=True)


def _is_about_a_certificate(error: BaseException | None) -> bool:
    """Whether a certificate was refused beneath: it does not become a good one by waiting."""
    while error is not None:
        if type(error).__name__ == "SSLCertVerificationError":  # without the import, which takes its time
            return True
        error = error.__cause__ or error.__context__
    return False


def _describe(error: Exception) -> tuple[str, int]:
    """One sentence about an error, and the exit code."""
    match error:
        case NewsdeskError():
            return str(error), error.exit_code
        case ModuleNotFoundError() if not (error.name or "newsdesk").startswith("newsdesk"):
            sentence = f"This command needs the package {error.name}, which a serving installation leaves out"
            return f"{sentence}. Install it with: pip install 'newsdesk[serve,train]'", 2
        case OSError():
            return (
                f"{error.filename or 'The system'}: {error.strerror or error}. Check the path, its rights and "
                "the disk.",
                1,
            )
        case _:
            return (
                f"A defect in Newsdesk ({type(error).__name__}). Run `newsdesk --debug …` to see where, and report it.",
                1,
            )
