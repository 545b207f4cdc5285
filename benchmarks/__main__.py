"""Run the benchmarks and write their sections of `docs/measurements.md`: python -m benchmarks [NAME …]."""

import re
import sys
from pathlib import Path
from platform import machine, python_version

from benchmarks import (
    accuracy,
    balancer,
    build_before,
    calibration,
    dashboards,
    drift,
    fuzzing,
    monitoring,
    poisoning,
    predictor,
    replay,
    sample_corpus,
    serving,
    startup,
    trust,
)

MODULES = (
    startup,
    predictor,
    serving,
    build_before,
    balancer,
    fuzzing,
    sample_corpus,
    accuracy,
    calibration,
    replay,
    drift,
    monitoring,
    trust,
    poisoning,
    dashboards,
)
BENCHMARKS = {module.__name__.rpartition(".")[2]: module for module in MODULES}
REPORT = Path(__file__).parents[1] / "docs" / "measurements.md"
DATA = Path(__file__).parents[2] / "shared" / "data"


HEAD = (
    "# Measurements\n\nWritten by `make bench`, or section by section by the command that each names; do not edit. "
    f"2 cores ({machine()}), Python {python_version()}, single runs.\n"
)


def main() -> None:
    chosen = sys.argv[1:] or list(BENCHMARKS)
    if not DATA.is_dir():
        sys.exit(f"The benchmarks measure on real news in {DATA}, which is not there.")
    for name in chosen:
        print(f"{name} …", file=sys.stderr, flush=True)
        section = BENCHMARKS[name].report(DATA)
        print(section, flush=True)
        keep(name, section)


def keep(name: str, section: str) -> None:
    """Put a section into the report, in place of the one of that name."""
    text = REPORT.read_text(encoding="utf-8") if REPORT.exists() else ""
    sections = dict(re.findall(r"^<!-- (\w+) -->\n(.*?)(?=^<!-- |\Z)", text, flags=re.MULTILINE | re.DOTALL))
    sections[name] = section.strip() + "\n\n"
    body = "\n".join(f"<!-- {name} -->\n{sections[name].strip()}\n" for name in BENCHMARKS if name in sections)
    REPORT.write_text(f"{HEAD}\n{body}", encoding="utf-8")


main()
