"""A short run for those who work on it; writes nothing but var/: python -m benchmarks.serving --seconds 1 newsdesk."""

from argparse import ArgumentParser
from pathlib import Path

from benchmarks.serving import ROOT, compare
from benchmarks.serving.contenders import contenders
from benchmarks.serving.tables import section


def main() -> None:
    parser = ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("names", nargs="*", help="contenders whose names begin so; default: all")
    parser.add_argument("--seconds", type=int, default=2, help="measured for each row")
    parser.add_argument("--starts", type=int, default=1, help="how often each is started for the cold start")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    names = tuple(options.names) or ("",)
    chosen = [one for one in contenders() if one.name.startswith(names)]
    print(section(*compare(options.data, chosen, options.seconds, options.starts)))


main()
