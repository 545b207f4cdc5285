"""Newsdesk's language detector beside others, on sentences in 40 languages and on English headlines."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.build_before import sources_of
from benchmarks.serving.environments import PeerEnvironment
from benchmarks.tables import markdown
from newsdesk.text.language import UNKNOWN, known_languages

_PEERS = PeerEnvironment("languages", ("py3langid==0.4.0", "lingua-language-detector==2.1.1"))
_FOLDER = Path(__file__).parents[2] / "var" / "benchmarks"
_SCRIPT = Path(__file__).with_name("detect.py")
_OWN_GUESS = "41b916b"  # a commit
_OTHERS = "languages unknown to ours"
_SHORT = 60  # characters


class Text(NamedTuple):
    text: str
    language: str


class Detector(NamedTuple):
    title: str
    name: str  # in detect.py
    python: str
    sources: str = ""  # of Newsdesk, where they are not those that are installed


def report(data: Path) -> str:
    sentences = list(_sentences(data / "sib200_languages.csv"))
    unknown = {text.language for text in sentences} - known_languages()
    sets = {
        "sentences": [text for text in sentences if text.language not in unknown],
        "their beginnings": [Text(text[:_SHORT], language) for text, language in sentences if language not in unknown],
        _OTHERS: [text for text in sentences if text.language in unknown],
        "BBC headlines": list(_headlines(data / "bbc_news.csv")),
        "BBC HEADLINES": [Text(text.upper(), language) for text, language in _headlines(data / "bbc_news.csv")],
    }
    python = str(_PEERS.ready_in(_FOLDER) / "python")
    with TemporaryDirectory() as scratch, sources_of(_OWN_GUESS, Path(scratch) / "before") as before:
        detectors = [
            Detector("Newsdesk (fastText, lid.176.ftz)", "newsdesk", sys.executable),
            Detector(f"Newsdesk's own guess, until {_OWN_GUESS}", "newsdesk", sys.executable, str(before / "src")),
            Detector("py3langid 0.4.0", "py3langid", python),
            Detector("py3langid 0.4.0, from 0.9", "py3langid_sure", python),
            Detector("lingua 2.1.1, low accuracy", "lingua_low", python),
            Detector("lingua 2.1.1", "lingua", python),
        ]
        rows = [_row(detector, sets) for detector in detectors]
    return (
        "## Telling languages (`python -m benchmarks languages`)\n\n"
        f"SIB-200's sentences in 40 languages, of which {', '.join(sorted(unknown))} are unknown to the detector that "
        f"Newsdesk uses; their first {_SHORT} characters; and BBC's headlines, as they are and in capitals. The share "
        "told right, and in the column *wrong* the share of those of unknown languages for which another language was "
        "stated; the rest is undetermined. Microseconds: the mean of the sentences. Seconds and MB: to load, and what "
        "the process is larger by.\n\n" + markdown(("detector", *sets, "wrong", "µs", "s", "MB"), rows)
    )


def _row(detector: Detector, sets: dict[str, list[Text]]) -> tuple[str, ...]:
    texts = json.dumps({kind: [text for text, _ in rows] for kind, rows in sets.items()})
    command = [detector.python, str(_SCRIPT), detector.name]
    environment = os.environ | {"PYTHONPATH": detector.sources}
    done = subprocess.run(command, input=texts, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    told = found["languages"]
    right = (_share(sets[kind], told[kind], _is_right) for kind in sets)
    costs = f"{found['microseconds']:.0f}", f"{found['seconds']:.1f}", f"{found['megabytes']:.0f}"
    return detector.title, *right, _share(sets[_OTHERS], told[_OTHERS], _is_wrong), *costs


def _share(rows: Sequence[Text], told: Sequence[str], counts: Callable[[str, str], bool]) -> str:
    return f"{mean(counts(row.language, language) for row, language in zip(rows, told, strict=True)):.3f}"


def _is_right(language: str, told: str) -> bool:
    return told == language


def _is_wrong(language: str, told: str) -> bool:
    return told not in (language, UNKNOWN)


def _sentences(table: Path) -> Iterator[Text]:
    with table.open(encoding="utf-8", newline="") as file:
        yield from (Text(row["text"], row["language"]) for row in csv.DictReader(file))


def _headlines(table: Path) -> Iterator[Text]:
    csv.field_size_limit(sys.maxsize)
    with table.open(encoding="utf-8", newline="") as file:
        yield from (Text(row["title"], "en") for row in csv.DictReader(file))
