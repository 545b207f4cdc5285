"""How long a person waits for the command line."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from benchmarks.tables import markdown

COMMANDS = {
    "newsdesk --help": ["-m", "newsdesk", "--help"],
    "newsdesk run --help": ["-m", "newsdesk", "run", "--help"],
    "python -c pass": ["-c", "pass"],
    "python -c 'import sklearn.linear_model'": ["-c", "import sklearn.linear_model"],
    "python -c 'import mlflow'": ["-c", "import mlflow"],
}


def report(_: Path) -> str:
    rows = [(f"`{name}`", f"{_seconds(arguments):.2f}") for name, arguments in COMMANDS.items()]
    return "## Start-up (`python -m benchmarks startup`)\n\nMedian of seven.\n\n" + markdown(
        ("command", "seconds"), rows
    )


def _seconds(arguments: list[str]) -> float:
    timings = []
    for _ in range(7):
        begun = time.perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        timings.append(time.perf_counter() - begun)
    return median(timings)
