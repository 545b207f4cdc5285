"""Run the benchmarks and write `docs/measurements.md`: python -m benchmarks [NAME …]."""

import sys
from pathlib import Path
from platform import machine, python_version

from benchmarks import accuracy, predictor, sample_corpus, serving, startup

MODULES = (startup, predictor, serving, sample_corpus, accuracy)
BENCHMARKS = {module.__name__.rpartition(".")[2]: module for module in MODULES}
REPORT = Path(__file__).parents[1] / "docs" / "measurements.md"
DATA = Path(__file__).parents[2] / "shared" / "data"


def main() -> None:
    chosen = sys.argv[1:] or list(BENCHMARKS)
    if not DATA.is_dir():
        sys.exit(f"The benchmarks measure on real news in {DATA}, which is not there.")
    sections = []
    for name in chosen:
        print(f"{name} …", file=sys.stderr, flush=True)
        sections.append(BENCHMARKS[name].report(DATA))
        print(sections[-1], flush=True)
    if not sys.argv[1:]:
        head = (
            "# Measurements\n\nWritten by `make bench`; do not edit. "
            f"2 cores ({machine()}), Python {python_version()}, single runs.\n\n"
        )
        REPORT.write_text(head + "\n".join(sections), encoding="utf-8")


main()
