"""`newsdesk run` on 300,000 rows with the shipped configuration: seconds and memory of every step."""

import csv
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.tables import markdown
from newsdesk.config.settings import Settings
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.run import run
from newsdesk.pipeline.table_check import ArticleSource

ROWS = 300_000
_OF_ANOTHER = 0.2  # share of words that a row has of another article of its category
_MIB = 2**20


def report(data: Path) -> str:
    with TemporaryDirectory() as scratch:
        table = Path(scratch) / "articles.csv"
        write_table(data / "ag_news.csv", table, ROWS)
        command = [sys.executable, "-m", "benchmarks.large_table", str(table), scratch]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    steps = [*found["steps"], ("all", *_over_all(found["steps"]))]
    return (
        "## A large table (`python -m benchmarks large_table`)\n\n"
        f"`newsdesk run` of {ROWS:,} rows with the shipped configuration: AG News articles, in which every fifth word "
        f"is one of another article of the category, so that no two are alike. {found['candidates']} candidates were "
        f"fitted, test accuracy {found['accuracy']:.3f}, {found['status']}. Memory is the most that the process had in "
        "a step.\n\n"
        + markdown(("step", "seconds", "MiB"), [(name, f"{took:.1f}", f"{peak:,.0f}") for name, took, peak in steps])
    )


def _over_all(steps: Sequence[tuple[str, float, float]]) -> tuple[float, float]:
    return sum(seconds for _, seconds, _ in steps), max(peak for *_, peak in steps)


def write_table(source: Path, table: Path, rows: int) -> None:
    """So many different articles, made of those in `source`."""
    with source.open(encoding="utf-8", newline="") as file:
        articles = [(row["category"], row["text"].split()) for row in csv.DictReader(file)]
    words = defaultdict(list)
    for category, text in articles:
        words[category] += text
    draw = np.random.default_rng(42)
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "category"))
        writer.writerows(_varied(articles, dict(words), rows, draw))


def _varied(
    articles: list[tuple[str, list[str]]], words: dict[str, list[str]], rows: int, draw: np.random.Generator
) -> Iterator[tuple[str, str]]:
    for number in range(rows):
        category, text = articles[number % len(articles)]
        others = draw.integers(len(words[category]), size=len(text))
        taken = draw.random(len(text)) < _OF_ANOTHER
        varied = (
            words[category][other] if take else word for word, other, take in zip(text, others, taken, strict=True)
        )
        yield " ".join(varied), category


class Steps(NoProgress):
    """Seconds and MiB of memory, at most, of every step."""

    def __init__(self) -> None:
        self.found: list[tuple[str, float, float]] = []
        self._name, self._begun = "start", time.perf_counter()

    def step(self, name: str, total: int | None = None) -> None:  # noqa: ARG002
        status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        peak = next(int(line.split()[1]) * 1024 / _MIB for line in status if line.startswith("VmHWM:"))
        self.found.append((self._name, time.perf_counter() - self._begun, peak))
        print(f"  {self._name}: {self.found[-1][1]:.1f} s", file=sys.stderr, flush=True)
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak is counted from here
        self._name, self._begun = name.split(" /")[0], time.perf_counter()


def _run(table: Path, folder: Path) -> None:
    shipped = Path(__file__).parents[1] / "configs"
    where = {"NEWSDESK_HOME": str(folder / "var"), "NEWSDESK_CONFIG_DIR": str(shipped)}
    steps = Steps()
    outcome = run(ArticleSource(table), Settings.model_validate(where), "benchmarks", steps)
    steps.step("end")
    found = {"steps": steps.found, "status": outcome.status, "candidates": len(outcome.trained.candidates)}
    print(json.dumps(found | {"accuracy": outcome.trained.test.accuracy}))


if __name__ == "__main__":
    _run(Path(sys.argv[1]), Path(sys.argv[2]))
