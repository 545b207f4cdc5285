"""Commands that are stopped at any moment: by SIGINT, by SIGTERM, and by Ctrl+C on a terminal."""

import csv
import fcntl
import json
import os
import pty
import random
import signal
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.tables import markdown

TRIALS = int(os.environ.get("FAULTS_TRIALS", "20"))
WAYS = ("SIGINT", "SIGTERM", "Ctrl+C")
_ROWS, _SEED, _PATIENCE = 300, 16, 300
_MODELS = "models: {neural_network: {hidden_layer_sizes: [30], max_iter: 60}, logistic_regression: {C: 10.0}}\n"
_OTHER_WAYS_TO_END = {-signal.SIGINT: "by Python", -signal.SIGTERM: "by Python"}  # before our first line is reached


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, what it said on its terminal, and how long it took."""

    exit_code: int
    said: str
    seconds: float


def report(data: Path) -> str:
    rows = [_row(name, data, random.Random(_SEED)) for name in _COMMANDS]  # noqa: S311 - no secret
    return (
        "## Commands that are stopped (`python -m benchmarks faults`)\n\n"
        f"Each command is stopped {TRIALS} times at a random moment of the time that it takes undisturbed, in turns by "
        "SIGINT, SIGTERM and Ctrl+C on a pseudo-terminal; "
        f"{_ROWS} rows of BBC news, another part each time. A stopped command exits with 130, or 143 for SIGTERM, says "
        "one line and no traceback, and has changed neither champion, versions, aliases nor ledger, leaves no MLflow "
        "run open and no half-written folder; one that was too far ends what it had decided, and exits as ever. After "
        "each, the same command works. Some are so early that Python itself ends.\n\n"
        + markdown(("command", "stopped", "too late", "before it began", "next run fails", "broken promises"), rows)
    )


def _row(name: str, data: Path, chance: random.Random) -> tuple[str, ...]:
    found = {"stopped": 0, "too late": 0, "early": 0}
    failed, broken = 0, []
    with TemporaryDirectory() as scratch:
        desk = Desk(Path(scratch), data, chance)
        desk.newsdesk("run", "--no-serve", "--data", desk.table())
        usual = desk.newsdesk(*_COMMANDS[name](desk)).seconds
        for number in range(TRIALS):
            arguments, before = _COMMANDS[name](desk), desk.state()
            moment = chance.uniform(0, usual)
            ended = desk.newsdesk(*arguments, stop=WAYS[number % len(WAYS)], at=moment)
            kind, faults = judged(ended, before, desk.state())
            found[kind] += 1
            broken += [f"{WAYS[number % len(WAYS)]} after {moment:.1f} s: {fault}" for fault in faults]
            failed += desk.newsdesk(*arguments).exit_code not in (0, 1)
    for fault in broken:
        sys.stderr.write(f"{name}: {fault}\n")
    return name, *map(str, found.values()), str(failed), str(len(broken))


def judged(ended: Ended, before: dict[str, object], after: dict[str, object]) -> tuple[str, list[str]]:
    """Whether a command was stopped, and what of its promises it broke."""
    faults = [] if after["open runs"] == 0 else [f"{after['open runs']} runs of MLflow are left open"]
    faults += [f"half-written: {name}" for name in after["half-written"]]  # type: ignore[attr-defined]
    if "Traceback" in ended.said or "Exception ignored" in ended.said:
        faults.append(f"a traceback: {ended.said[-2000:]}")
    if ended.exit_code in (0, 1):
        return "too late", faults
    if ended.exit_code in _OTHER_WAYS_TO_END:
        faults = [fault for fault in faults if not fault.startswith("a traceback")]
        return "early", faults + [f"{key} changed" for key in _LASTING if before[key] != after[key]]
    if ended.exit_code not in (130, 143):
        faults.append(f"exit code {ended.exit_code}: {ended.said[-500:]}")
    elif ended.said.count("Stopped") != 1:
        faults.append(f"it does not say once that it stopped: {ended.said[-500:]}")
    return "stopped", faults + [f"{key} changed" for key in _LASTING if before[key] != after[key]]


def state_of(home: Path) -> dict[str, object]:
    """What a command that was stopped must leave as it was, and what it must not leave at all."""
    pointer = home / "bundles" / "champion.json"
    visible = (path for path in home.glob("*/*") if path.is_dir() and not path.name.startswith("."))
    return {
        "champion": pointer.read_text(encoding="utf-8") if pointer.exists() else None,
        "versions": _asked(home / "mlflow.db", "SELECT version FROM model_versions ORDER BY version"),
        "aliases": _asked(home / "mlflow.db", "SELECT alias, version FROM registered_model_aliases ORDER BY 1"),
        "ledger": _asked(home / "newsdesk.db", "SELECT count(*) FROM promotion_ledger"),
        "open runs": len(_asked(home / "mlflow.db", "SELECT run_uuid FROM runs WHERE status = 'RUNNING'")),
        "half-written": [path.name for path in visible if not any(path.iterdir())],
    }


_LASTING = ("champion", "versions", "aliases", "ledger")


class Desk:
    """A home of its own, with tables to learn from."""

    def __init__(self, folder: Path, data: Path, chance: random.Random) -> None:
        self._folder, self._chance, self._tables = folder, chance, 0
        (folder / "configs").mkdir()
        (folder / "configs" / "model_config.yaml").write_text(_MODELS, encoding="utf-8")
        with (data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
            self._articles = list(csv.DictReader(file))

    @property
    def home(self) -> Path:
        return self._folder / "var"

    def table(self) -> str:
        """Another part of the articles."""
        self._tables += 1
        path = self._folder / f"articles-{self._tables}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(self._articles[0]))
            writer.writeheader()
            writer.writerows(self._chance.sample(self._articles, _ROWS))
        return str(path)

    def plan(self) -> str:
        """A planned training."""
        self.newsdesk("ingest", "--data", self.table())
        said = self.newsdesk("plan", "--json").said
        return str(json.loads(said[said.index("{") : said.rindex("}") + 1])["plan"])

    def state(self) -> dict[str, object]:
        return state_of(self.home)

    def newsdesk(self, *arguments: str, stop: str | None = None, at: float = 0) -> Ended:
        """Run a command on a terminal of its own, and stop it after so many seconds."""
        begun = time.monotonic()
        with _terminal() as (ours, theirs):
            process = subprocess.Popen(
                [sys.executable, "-m", "newsdesk", *arguments],
                cwd=self._folder,
                env=os.environ | {"NEWSDESK_HOME": str(self.home), "TERM": "dumb"},
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            )
            os.close(theirs)
            said = _read(ours, process, begun + at if stop else None, lambda: _stop(process, ours, stop))
        return Ended(process.wait(_PATIENCE), said, time.monotonic() - begun)


def _stop(process: subprocess.Popen[bytes], terminal: int, way: str | None) -> None:
    if way == "Ctrl+C":
        os.write(terminal, b"\x03")
    elif way:
        process.send_signal(signal.Signals[way])


@contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)


def _read(terminal: int, process: subprocess.Popen[bytes], when: float | None, stop: Callable[[], None]) -> str:
    """All that is said on a terminal until the process ends; meanwhile it is stopped at its time."""
    os.set_blocking(terminal, False)
    said, ended = b"", False
    while True:
        if when is not None and time.monotonic() >= when:
            when = None
            if process.poll() is None:
                stop()
        try:
            part = os.read(terminal, 65536)
        except BlockingIOError:
            part = b""
        except OSError:  # its other side is closed
            return said.decode(errors="replace")
        said += part
        if not part:
            if ended:
                return said.decode(errors="replace")
            ended = process.poll() is not None
            time.sleep(0.01)


def _asked(database: Path, query: str) -> Sequence[tuple[object, ...]]:
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(query).fetchall()


_COMMANDS: dict[str, Callable[[Desk], tuple[str, ...]]] = {
    "run": lambda desk: ("run", "--no-serve", "--data", desk.table()),
    "train": lambda desk: ("train", "--plan", desk.plan(), "--candidate", "neural_network"),
    "retrain": lambda desk: ("retrain", "--mode", "full", "--data", desk.table()),
    "ingest": lambda desk: ("ingest", "--data", desk.table()),
}
