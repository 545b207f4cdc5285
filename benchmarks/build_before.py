"""`POST /predict` beside the build before: requests a second of both, in turns, on one machine."""

import csv
import os
import shutil
import subprocess
from collections.abc import Iterator
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
_STARTS, _ROUNDS, _SECONDS, _CONNECTIONS = 6, 6, 2, 10
_REPOSITORY = Path(__file__).parents[1]


def report(data: Path) -> str:
    with (data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    articles = [join_title_and_text(row["title"], row["text"]) for row in rows]
    headlines = [row["title"] for row in rows]
    table = []
    with TemporaryDirectory() as scratch, _sources_of(BEFORE, Path(scratch) / "before") as sources:
        folder = Path(scratch)
        model = fit_and_save(folder, articles, [row["category"] for row in rows])
        bench = Bench(folder, folder, model, headlines[::500], starts=1)
        builds = [newsdesk(NEWSDESK), _build_before(sources, model.newsdesk_home, folder / "home of the build before")]
        for kind, texts in (("headlines", headlines), ("articles", articles)):
            load = Load(write_texts(folder / f"{kind}.txt", texts), _CONNECTIONS, _SECONDS)
            rounds = [found for _ in range(_STARTS) for found in bench.in_turns(builds, load, _ROUNDS)]
            ratios = [found[NEWSDESK] / found[BEFORE] for found in rounds]
            rates = (median(found[name] for found in rounds) for name in (NEWSDESK, BEFORE))
            low, _, high = quantiles(ratios, n=4)
            table.append((kind, *(f"{rate:,.0f}" for rate in rates), f"{median(ratios):.3f}", f"{low:.3f}–{high:.3f}"))
    return (
        "## Beside the build before (`BUILD_BEFORE=COMMIT python -m benchmarks build_before`)\n\n"
        f"`POST /predict` over {_CONNECTIONS} connections, a new text with every request, as shipped: requests a "
        f"second, medians of {_STARTS * _ROUNDS} rounds. In each both servers are asked for {_SECONDS} s in turns; the "
        f"ratio is the median of what a round says. Both are started anew {_STARTS} times, for how fast a process is "
        f"depends on its random seed of hashes, too. Before: commit {BEFORE}.\n\n"
        + markdown(("texts", "now", "before", "ratio", "half of the rounds"), table)
    )


def _build_before(sources: Path, home: Path, own_home: Path) -> Contender:
    """`newsdesk serve` of other sources, with a home of its own: a store is of one build."""
    shutil.copytree(home, own_home)
    return newsdesk(BEFORE, PYTHONPATH=f"{APPS}{os.pathsep}{sources / 'src'}", NEWSDESK_HOME=str(own_home))


@contextmanager
def _sources_of(commit: str, folder: Path) -> Iterator[Path]:
    """The project as it was at `commit`."""
    git = ["git", "-C", str(_REPOSITORY), "worktree"]
    subprocess.run([*git, "add", "--detach", str(folder), commit], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run([*git, "remove", "--force", str(folder)], check=True, capture_output=True)
