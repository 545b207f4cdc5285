"""`POST /predict` beside the build before: what both answer, and take for it, in turns on one machine."""

import csv
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

from benchmarks.serving.comparison import Bench
from benchmarks.serving.contenders import NEWSDESK, Contender, newsdesk
from benchmarks.serving.load import Load, write_texts
from benchmarks.serving.model import APPS, fit_and_save
from benchmarks.tables import markdown
from newsdesk.text.cleaning import join_title_and_text

BEFORE = os.environ.get("BUILD_BEFORE", "3698b44")  # a commit
_STARTS, _ROUNDS, _SECONDS, _CONNECTIONS = 12, 3, 2, 10
_RATE, _PROCESSOR = "requests a second", "ms of processor a request"
_REPOSITORY = Path(__file__).parents[1]


def report(data: Path) -> str:
    with (data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    articles = [join_title_and_text(row["title"], row["text"]) for row in rows]
    headlines = [row["title"] for row in rows]
    table = []
    with TemporaryDirectory() as scratch, sources_of(BEFORE, Path(scratch) / "before") as sources:
        folder = Path(scratch)
        model = fit_and_save(folder, articles, [row["category"] for row in rows])
        bench = Bench(folder, folder, model, headlines[::500], starts=1)
        home = folder / "home of the build before"
        shutil.copytree(model.newsdesk_home, home)  # a store is of one build
        for kind, texts in (("headlines", headlines), ("articles", articles)):
            load = Load(write_texts(folder / f"{kind}.txt", texts), _CONNECTIONS, _SECONDS)
            starts = (_builds(sources, home, seed) for seed in range(_STARTS))
            rounds = [found for builds in starts for found in bench.in_turns(builds, load, _ROUNDS)]
            pairs = [(found[NEWSDESK], found[BEFORE]) for found in rounds]
            table.append(_row(kind, _RATE, [(now.rate, before.rate) for now, before in pairs], "{:,.0f}"))
            table.append(_row(kind, _PROCESSOR, [(now.processor, before.processor) for now, before in pairs], "{:.3f}"))
    return (
        "## Beside the build before (`BUILD_BEFORE=COMMIT python -m benchmarks build_before`)\n\n"
        f"`POST /predict` over {_CONNECTIONS} connections, a new text with every request, as shipped: requests a "
        "second, and milliseconds that the server's processes had of the processors for each, which the load generator "
        f"beside it takes no share of. Medians of {_STARTS * _ROUNDS} rounds: in each both servers are asked for "
        f"{_SECONDS} s in turns, and the ratio is the median of a round's, above 1 where this build does better. "
        f"Both are started anew {_STARTS} times with another seed of hashes, by which a process is fast or slow, too. "
        f"Before: commit {BEFORE}.\n\n"
        + markdown(("texts", "measured", "now", "before", "ratio", "half of the rounds"), table)
    )


def _row(kind: str, what: str, rounds: Sequence[tuple[float, float]], shape: str) -> tuple[str, ...]:
    """Of what was measured of this build and the one before, round by round. More is better of a rate alone."""
    ratios = [now / before if what == _RATE else before / now for now, before in rounds]
    low, middle, high = quantiles(ratios, n=4)
    medians = (shape.format(median(values)) for values in zip(*rounds, strict=True))
    return kind, what, *medians, f"{middle:.3f}", f"{low:.3f}–{high:.3f}"


def _builds(sources: Path, home: Path, seed: int) -> list[Contender]:
    """`newsdesk serve` of both builds, whose dictionaries lie alike."""
    path = f"{APPS}{os.pathsep}{sources / 'src'}"
    return [
        newsdesk(NEWSDESK, PYTHONHASHSEED=str(seed)),
        newsdesk(BEFORE, PYTHONHASHSEED=str(seed), PYTHONPATH=path, NEWSDESK_HOME=str(home)),
    ]


@contextmanager
def sources_of(commit: str, folder: Path) -> Iterator[Path]:
    """The project as it was at `commit`."""
    git = ["git", "-C", str(_REPOSITORY), "worktree"]
    subprocess.run([*git, "add", "--detach", str(folder), commit], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True, capture_output=True)
