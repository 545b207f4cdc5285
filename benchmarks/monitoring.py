"""What watching costs: requests a second, and the time and memory of a pass over a million predictions."""

import csv
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.naive_bayes import MultinomialNB

from benchmarks.serving.comparison import Bench
from benchmarks.serving.contenders import NEWSDESK, Contender, newsdesk
from benchmarks.serving.load import Load, write_texts
from benchmarks.serving.model import APPS, SavedModel, fit_and_save
from benchmarks.tables import markdown
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import save_bundle
from newsdesk.model.profile_builder import add_profile
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from newsdesk.store.database import open_store
from newsdesk.store.feedback import record_feedback
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.records import Feedback, PredictionRecord, new_id, text_digest
from newsdesk.text.cleaning import join_title_and_text
from tests.builders import fitted_bundle, sample_texts
from tests.stack.servers import postgresql, postgresql_programs

_PREDICTIONS, _DAYS = 1_000_000, 1
_SAMPLED = 36_000 * 24  # a day's most: ten a second
_CORRECTIONS = 5_000
_ROUNDS, _SECONDS, _CONNECTIONS = 15, 2, 10
_UNLOGGED, _UNWATCHED = "without prediction log", "nothing counted, nothing remembered"


def report(data: Path) -> str:
    return (
        "## Monitoring (`python -m benchmarks monitoring`)\n\n"
        f"`POST /predict` over {_CONNECTIONS} connections, a new text with every request: requests a second, medians "
        f"of {_ROUNDS} rounds. In each the three servers, all of them up, are asked for {_SECONDS} s in turns; "
        "the cost is the median of what a round says. Metrics, the sample and the prediction log are what watching "
        "adds.\n\n"
        + markdown(("texts", "as shipped", _UNLOGGED, _UNWATCHED, "cost"), _overhead(data))
        + f"\n`newsdesk monitor --json` as a process of its own, over {_PREDICTIONS:,} predictions of different texts "
        f"in {_DAYS * 24} hours, of which {_SAMPLED:,} sampled, and {_CORRECTIONS:,} corrections.\n\n"
        + markdown(("store", "seconds", "most memory, MB"), _passes())
    )


def _overhead(data: Path) -> Iterator[tuple[str, ...]]:
    with (data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    articles = [join_title_and_text(row["title"], row["text"]) for row in rows]
    headlines = [row["title"] for row in rows]
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        model = fit_and_save(folder, articles, [row["category"] for row in rows])
        bench = Bench(folder, folder, model, headlines[::500], starts=1)
        for kind, texts in (("headlines", headlines), ("articles", articles)):
            load = Load(write_texts(folder / f"{kind}.txt", texts), _CONNECTIONS, _SECONDS)
            rounds = bench.in_turns(_variants(), load, _ROUNDS)
            rates = (median(found[name].rate for found in rounds) for name in (NEWSDESK, _UNLOGGED, _UNWATCHED))
            cost = median(1 - found[NEWSDESK].rate / found[_UNWATCHED].rate for found in rounds)
            yield kind, *(f"{rate:,.0f}" for rate in rates), f"{cost:.1%}"


def _variants() -> list[Contender]:
    return [
        newsdesk(NEWSDESK),
        newsdesk(_UNLOGGED, PREDICTION_LOG="false"),
        Contender(_UNWATCHED, _unwatched, settings={"PREDICTION_LOG": "false"}),
    ]


def _unwatched(port: int, _model: SavedModel, _folder: Path) -> list[str]:
    return [sys.executable, str(APPS / "unwatched.py"), str(port)]


def _passes() -> Iterator[tuple[str, ...]]:
    bundle = add_profile(fitted_bundle(MultinomialNB(), per_category=60), sample_texts(120)[0][60:])
    with TemporaryDirectory() as scratch:
        home = Path(scratch)
        folder = bundle_folder_name(bundle.digest)
        save_bundle(bundle, home / "bundles" / folder)
        write_champion_pointer(home / "bundles", ChampionPointer(version="1", digest=bundle.digest, bundle=folder))
        for name, store in (("SQLite", _sqlite(home)), ("PostgreSQL", _postgresql())):
            with store as address:
                _fill(address, bundle)
                seconds, megabytes = _pass(home, address)
            yield name, f"{seconds:.1f}", f"{megabytes:.0f}"


@contextmanager
def _sqlite(home: Path) -> Iterator[str]:
    yield f"sqlite:///{home / 'newsdesk.db'}"


@contextmanager
def _postgresql() -> Iterator[str]:
    programs = postgresql_programs()
    if programs is None:
        sys.exit("PostgreSQL is not on this machine: make system-deps")
    with postgresql(programs) as address:
        yield address


def _fill(address: str, bundle: Bundle) -> None:
    """Predictions of made-up texts, evenly over the newest hours."""
    random = np.random.default_rng(0)
    classes = bundle.manifest.classes
    begin = datetime.now(UTC) - timedelta(days=_DAYS)
    step = timedelta(days=_DAYS) / _PREDICTIONS
    store = open_store(address)
    try:
        for start in range(0, _PREDICTIONS, 20_000):
            confidence = random.beta(8, 2, 20_000).tolist()
            bits = random.integers(256, size=(20_000, 64), dtype=np.uint8)
            insert_predictions(
                store,
                [
                    PredictionRecord(
                        id=new_id(),
                        at=begin + step * (start + i),
                        model_version="1",
                        digest=bundle.digest,
                        category=classes[(start + i) % len(classes)],
                        confidence=confidence[i],
                        text_length=1000 + i % 3000,
                        text_digest=text_digest(str(start + i)),
                        duration_ms=0.2,
                        **(
                            {"known_share": 0.8, "language": "en", "terms": bits[i].tobytes().hex()}
                            if (start + i) % 100 < 100 * _SAMPLED / _PREDICTIONS
                            else {}
                        ),
                    )
                    for i in range(20_000)
                ],
            )
        for i in range(_CORRECTIONS):
            corrected = text_digest(str(i * (_PREDICTIONS // _CORRECTIONS)))
            record_feedback(
                store,
                Feedback(new_id(), datetime.now(UTC), classes[i % len(classes)], f"editor {i % 20}", None, corrected),
            )
    finally:
        store.dispose()


def _pass(home: Path, address: str) -> tuple[float, float]:
    """Seconds, and the most resident memory in megabytes (10^6 bytes)."""
    environment = os.environ | {"NEWSDESK_HOME": str(home), "NEWSDESK_DATABASE_URL": address}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "newsdesk", "monitor", "--json"], env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "the pass failed"
    return time.perf_counter() - begun, usage.ru_maxrss * 1024 / 1e6
