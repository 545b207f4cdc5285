"""Run the benchmarks and write their sections of `docs/measurements.md`: python -m benchmarks [NAME …]."""

import re
import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from platform import machine, python_version

from benchmarks import (
    accuracy,
    balancer,
    build_before,
    calibration,
    dashboards,
    drift,
    faults,
    fuzzing,
    languages,
    large_table,
    monitoring,
    network,
    poisoning,
    predictor,
    replay,
    sample_corpus,
    score,
    serving,
    soak,
    startup,
    trust,
)

MODULES = (
    startup,
    predictor,
    score,
    serving,
    build_before,
    balancer,
    fuzzing,
    sample_corpus,
    accuracy,
    network,
    languages,
    large_table,
    calibration,
    replay,
    drift,
    monitoring,
    trust,
    poisoning,
    faults,
    soak,
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
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--minutes", type=float, default=soak.MINUTES, help="how long soak takes")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    if chosen.names != ["soak"] and not DATA.is_dir():
        sys.exit(f"The benchmarks measure on real news in {DATA}, which is not there.")
    reports = {name: module.report for name, module in BENCHMARKS.items()}
    reports["soak"] = partial(soak.report, minutes=chosen.minutes)
    for name in chosen.names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        section = reports[name](DATA)
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
