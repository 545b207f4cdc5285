"""Scoring a file: rows a second and memory, beside the same rows over HTTP and by scikit-learn in a loop."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from benchmarks.serving.process import running
from benchmarks.tables import markdown
from newsdesk.bulk.text_scorer import Scorer
from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import save_bundle
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from newsdesk.text.cleaning import Cleaner, join_title_and_text
from tests.builders import bundle_of, fit_pipeline
from tests.stack.servers import free_port

_TRAINED_ON, _TIMES = 5000, 4
_LOOPED = 2000  # rows, for what takes long
# A process counts the memory of the one that it was forked from as its own: this one is small.
_WEIGH = """
import resource, subprocess, sys, time
begun = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print([time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss])
"""

Article = dict[str, str]


def report(data: Path) -> str:
    with (data / "ag_news.csv").open(encoding="utf-8", newline="") as file:
        articles = [
            {"title": row["title"], "text": row["text"], "category": row["category"]} for row in csv.DictReader(file)
        ]
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    some = articles[:_TRAINED_ON]
    texts = [join_title_and_text(row["title"], row["text"]) for row in some]
    classifier = LogisticRegression(max_iter=1000)
    pipeline = fit_pipeline(classifier, texts, [row["category"] for row in some], cleaning, tfidf)
    with TemporaryDirectory() as scratch:
        home = Path(scratch)
        bundle = bundle_of(pipeline, cleaning, tfidf)
        _put_in_charge(bundle, home)
        rows = [*_commands(home, articles), *_others(home, articles, bundle, pipeline, cleaning)]
    return (
        "## Scoring a file (`python -m benchmarks score`)\n\n"
        f"AG News, {len(articles):,} rows of title and text, and the same {_TIMES} times over, by logistic regression "
        f"over {bundle.manifest.feature_count:,} features; the command from its start to its end, reading and writing "
        "among it. Memory is that of the largest of its processes.\n\n"
        + markdown(("what", "rows", "rows a second", "most memory, MB"), rows)
    )


def _put_in_charge(bundle: Bundle, home: Path) -> None:
    folder = bundle_folder_name(bundle.digest)
    save_bundle(bundle, home / "var" / "bundles" / folder)
    write_champion_pointer(home / "var" / "bundles", ChampionPointer(version="1", digest=bundle.digest, bundle=folder))


def _commands(home: Path, articles: list[Article]) -> Iterator[tuple[str, ...]]:
    for times in (1, _TIMES):
        for kind in ("csv", "parquet"):
            file = home / "in.csv"
            _write(file, articles * times)
            seconds, memory = _command(home, file.name, f"out-{times}.{kind}")
            count = len(articles) * times
            yield f"`newsdesk score`, CSV to {kind}", f"{count:,}", f"{count / seconds:,.0f}", f"{memory:.0f}"


def _command(home: Path, *arguments: str) -> tuple[float, float]:
    """Seconds, and megabytes of the largest process."""
    environment = os.environ | {"NEWSDESK_HOME": str(home / "var")}
    command = [sys.executable, "-c", _WEIGH, sys.executable, "-m", "newsdesk", "score", *arguments]
    done = subprocess.run(command, cwd=home, env=environment, stdout=subprocess.PIPE, check=True)
    seconds, kilobytes = json.loads(done.stdout)
    return seconds, kilobytes * 1024 / 1e6


def _others(
    home: Path, articles: list[Article], bundle: Bundle, pipeline: Pipeline, cleaning: TextCleaning
) -> Iterator[tuple[str, ...]]:
    some = articles[:_LOOPED]
    texts = [join_title_and_text(row["title"], row["text"]) for row in some]
    scorer, clean = Scorer("1", bundle), Cleaner(cleaning).clean
    per_second = _rate(scorer.score, texts)
    yield "the same answers in one process, without reading and writing", f"{len(texts):,}", f"{per_second:,.0f}", ""
    yield (
        "`POST /predict/batch`, JSON Lines, one worker",
        f"{len(articles):,}",
        f"{_over_http(home, articles):,.0f}",
        "",
    )
    per_second = _rate(lambda text: pipeline.predict_proba([clean(text)]), texts)
    yield "cleaning + scikit-learn in a loop", f"{len(texts):,}", f"{per_second:,.0f}", ""


def _rate(call: Callable[[str], object], texts: Iterable[str]) -> float:
    begun, count = time.perf_counter(), 0
    for text in texts:
        call(text)
        count += 1
    return count / (time.perf_counter() - begun)


def _over_http(home: Path, articles: list[Article]) -> float:
    """Rows a second, by curl."""
    port = free_port()
    body = home / "in.jsonl"
    body.write_text("".join(json.dumps({"title": row["title"], "text": row["text"]}) + "\n" for row in articles))
    environment = {"NEWSDESK_HOME": str(home / "var"), "API_PORT": str(port)}
    first = json.dumps({"text": "The striker scored twice in the cup final"}).encode()
    with running([sys.executable, "-m", "newsdesk", "serve"], environment, home, port, "/predict", first):
        begun = time.perf_counter()
        address = f"http://127.0.0.1:{port}/predict/batch?log=false&top_k=2"
        command = ["curl", "-sf", address, "-H", "Content-Type: application/x-ndjson", "-X", "POST", "-T", str(body)]
        answers = subprocess.run(command, capture_output=True, check=True).stdout
        seconds = time.perf_counter() - begun
    if answers.count(b"\n") != len(articles):
        raise RuntimeError("not every row was answered")
    return len(articles) / seconds


def _write(file: Path, articles: Iterable[Article]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=["title", "text"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(articles)
