"""newsdesk beside its peers over HTTP: the same model, texts, machine and load generator, in one run."""

import csv
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.serving.comparison import Bench, Result
from benchmarks.serving.contenders import NEWSDESK, Contender, contenders, newsdesk
from benchmarks.serving.load import Load, write_texts
from benchmarks.serving.model import fit_and_save
from benchmarks.serving.tables import section
from newsdesk.text.cleaning import join_title_and_text

ROOT = Path(__file__).parents[2]
STATE = ROOT / "var" / "benchmarks"
RAW = ROOT / "docs" / "measurements-serving.json"
CONNECTIONS = (1, 10, 64)
WORKERS = (1, 2, 3)


def report(data: Path) -> str:
    """Measure all of it, 4 s a point, and keep the raw figures beside the report; about 8 minutes."""
    busy = os.getloadavg()[0]
    results, scaling = compare(data, contenders(), seconds=4, starts=1)
    raw = {
        "cores": os.cpu_count(),
        "load_before": busy,
        "contenders": list(map(asdict, results)),
        "workers": list(map(asdict, scaling)),
    }
    RAW.write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    return section(results, scaling)


def compare(data: Path, chosen: Sequence[Contender], seconds: int, starts: int) -> tuple[list[Result], list[Result]]:
    """What was seen of each contender, and of newsdesk with several workers."""
    if shutil.which("wrk") is None:
        sys.exit("wrk, the load generator, is not on this machine: make system-deps")
    folder = STATE / "serving"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with (data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    articles = [join_title_and_text(row["title"], row["text"]) for row in rows]
    headlines = [row["title"] for row in rows]
    model = fit_and_save(folder, articles, [row["category"] for row in rows])
    bench = Bench(folder, STATE / "environments", model, [*articles[::500], *headlines[::500]], starts)
    files = {
        "headlines": write_texts(folder / "headlines.txt", headlines),
        "articles": write_texts(folder / "articles.txt", articles),
    }

    def loads(*connections: int, repeated: bool = False) -> list[tuple[str, Load]]:
        seen = ", seen before" if repeated else ""
        return [
            (kind + seen, Load(file, count, seconds, repeated)) for kind, file in files.items() for count in connections
        ]

    repeated = loads(*CONNECTIONS, repeated=True)
    results = [bench.run(one, loads(*CONNECTIONS) + (repeated if one.name == NEWSDESK else [])) for one in chosen]
    scaling = [
        bench.run(newsdesk(f"{NEWSDESK}, API_WORKERS={count}", API_WORKERS=str(count)), loads(CONNECTIONS[-1]))
        for count in WORKERS
        if any(one.name == NEWSDESK for one in chosen)
    ]
    return results, scaling
