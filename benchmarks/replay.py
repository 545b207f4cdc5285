"""Thirty daily runs, a month of dated news a day: what each takes in, what it trains, and what the gate says."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from matplotlib.figure import Figure

from benchmarks.tables import markdown
from newsdesk.config.settings import Settings
from newsdesk.pipeline.ingest import ingest
from newsdesk.pipeline.plan.create import PlanRequest, plan_training
from newsdesk.pipeline.plan.steps import evaluate_plan, promote_plan, train_candidate
from newsdesk.pipeline.progress import NoProgress
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from tests.builders import settings_in, write_csv

CHART = Path(__file__).parents[1] / "docs" / "images" / "replay.svg"
DAYS = 30
CANDIDATES = ("logistic_regression", "naive_bayes")
# HuffPost's 42 categories from a few hundred articles: with the shipped threshold nothing would ever be promoted.
PIPELINE = "training_pipeline: {auto_deploy_threshold: 0.2}\n"

Row = Mapping[str, str]


class Day(NamedTuple):
    """One run. `known` rows of its table were there before; the accuracies are on the test set of that day."""

    month: str
    rows: int
    new: int
    known: int
    articles: int
    winner: str
    accuracy: float
    champion_accuracy: float | None
    decision: str
    version: str | None


def report(data: Path) -> str:
    with TemporaryDirectory() as scratch:
        days = list(_replay(Path(scratch), _months(data / "huffpost_dated.csv")))
    _draw(days)
    rows = [
        (
            f"{number} ({day.month})",
            day.rows,
            day.new,
            day.known,
            f"{day.articles:,}",
            day.winner,
            f"{day.accuracy:.3f}",
            "" if day.champion_accuracy is None else f"{day.champion_accuracy:.3f}",
            day.decision,
        )
        for number, day in enumerate(days, start=1)
    ]
    headings = ("day (month)", "rows", "new", "known", "articles", "best", "accuracy", "champion's", "gate")
    return (
        "## Thirty daily runs (`python -m benchmarks replay`)\n\n"
        "A month of HuffPost a day, in order, from February 2012: `newsdesk ingest`, `plan`, `train` for each of two "
        "candidates, `evaluate`, `promote`. Each day's table repeats the month before, as feeds do; only new stories "
        "are taken. Both accuracies are measured on the same test set, that of the day. The gate wants 0.2 at least, "
        "two points more than the champion, and more articles than chance would bring.\n\n"
        "![articles and accuracy, day by day](images/replay.svg)\n\n" + markdown(headings, rows)
    )


def _months(file: Path) -> list[tuple[str, list[Row]]]:
    with file.open(encoding="utf-8", newline="") as opened:
        rows = sorted(csv.DictReader(opened), key=lambda row: row["date"])
    months = [(month, list(found)) for month, found in groupby(rows, key=lambda row: row["date"][:7])]
    return months[1 : DAYS + 1]  # of the first there are a few days only


def _replay(folder: Path, months: Sequence[tuple[str, list[Row]]]) -> Iterator[Day]:
    settings = settings_in(folder)
    settings.config_dir.mkdir()
    (settings.config_dir / "pipeline_config.yaml").write_text(PIPELINE, encoding="utf-8")
    inbox = Path(settings.inbox_address)
    inbox.mkdir(parents=True)
    before: list[Row] = []
    for month, rows in months:
        write_csv(inbox / f"{month}.csv", [*before, *rows])
        before = rows
        yield _run(month, settings)


def _run(month: str, settings: Settings) -> Day:
    silent = NoProgress()
    (batch,) = ingest(None, None, settings, silent).batches
    planned = plan_training(PlanRequest("a replay", candidates=CANDIDATES), settings, silent)
    assert planned.plan is not None
    assert planned.plan_id is not None
    for name in CANDIDATES:
        train_candidate(planned.plan_id, name, settings, silent)
    trained = evaluate_plan(planned.plan_id, settings, silent)
    decided = promote_plan(planned.plan_id, settings, "a replay", silent)
    store = open_store(settings.database)
    evidence = entries(store)[-1].evidence
    store.dispose()
    return Day(
        month,
        batch.rows,
        batch.new,
        batch.known,
        planned.plan.rows["kept"],
        trained.winner.name,
        trained.test.accuracy,
        evidence["champion_accuracy"],
        decided.verdict.decision,
        decided.version,
    )


def _draw(days: Sequence[Day]) -> None:
    """Articles below, accuracies above, with a mark where the champion was replaced."""
    numbers = range(1, len(days) + 1)
    figure = Figure(figsize=(9, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    above.plot(numbers, [day.accuracy for day in days], marker=".", color="tab:blue", label="newly trained")
    champions = [(number, day.champion_accuracy) for number, day in zip(numbers, days, strict=True)]
    told = [(number, accuracy) for number, accuracy in champions if accuracy is not None]
    above.plot(*zip(*told, strict=True), marker=".", linestyle="--", color="tab:orange", label="champion before")
    promoted = [(number, day.accuracy) for number, day in zip(numbers, days, strict=True) if day.decision == "promoted"]
    style = {"s": 90, "facecolors": "none", "edgecolors": "tab:green", "linewidths": 2, "label": "promoted"}
    above.scatter(*zip(*promoted, strict=True), **style)
    above.set(ylabel="accuracy on the day's test set", title="Thirty daily runs, a month of HuffPost a day")
    above.grid(alpha=0.3)
    above.legend()
    below.bar(numbers, [day.articles for day in days], color="lightgrey", label="articles in the dataset")
    below.bar(numbers, [day.new for day in days], color="tab:blue", label="new that day")
    below.set(xlabel="day", ylabel="articles")
    below.legend()
    figure.savefig(CHART, metadata={"Date": None})
