"""What feedback does to what serves: attacks by one key, and honest corrections, through retraining and the gate."""

import csv
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import numpy as np

from benchmarks.tables import markdown
from newsdesk.articles.dataset import read_articles
from newsdesk.config.settings import Settings
from newsdesk.model.predictor import Predictor
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.retrain import RetrainRequest, retrain
from newsdesk.pipeline.run import run
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.registry.champion import find_champion
from newsdesk.store.database import open_store
from newsdesk.store.feedback import record_feedback
from newsdesk.store.records import Feedback, text_digest

_ARTICLES, _OTHERS, _UNSEEN = 1_000, 12_000, 4_000  # to learn from, to speak of, to measure on
_WRONG, _HONEST, _CONFIDENT = 2_400, 400, 0.9
_SEEDS = range(1, 6)  # of the order of the articles, where honest editors are looked at
_MODELS = "models: {logistic_regression: {C: 10.0}}\n"

Row = dict[str, str]


@dataclass(frozen=True)
class Scene:
    """The model in charge, headlines that are spoken of with their categories, and all categories."""

    predictor: Predictor
    headlines: list[tuple[str, str]]
    categories: list[str]

    def wrong(self, category: str) -> str:
        return self.categories[(self.categories.index(category) + 1) % len(self.categories)]

    def unsure(self) -> list[tuple[str, str]]:
        said = self.predictor.predict_many([text for text, _ in self.headlines])
        return [pair for pair, answer in zip(self.headlines, said, strict=True) if answer.confidence < _CONFIDENT]


def _says(text: str, category: str, key: str = "stolen", editor: str = "mallory", **more: Any) -> Feedback:
    usual: dict[str, Any] = {"id": str(uuid4()), "at": datetime.now(UTC), "caller": key, "editor": editor}
    return Feedback(**(usual | {"category": category, "text": text, "text_digest": text_digest(text)} | more))


def at_once(scene: Scene) -> list[Feedback]:
    return [
        _says(text, scene.wrong(category), editor=f"mallory {number % 6}")
        for number, (text, category) in enumerate(scene.unsure()[:_WRONG])
    ]


def slow(scene: Scene) -> list[Feedback]:
    return [
        _says(text, scene.wrong(category), at=datetime.now(UTC) - timedelta(days=number % 30))
        for number, (text, category) in enumerate(scene.unsure()[:_WRONG])
    ]


def many_names(scene: Scene) -> list[Feedback]:
    return [
        _says(text, scene.wrong(category), editor=f"editor {(number + other) % 30}")
        for number, (text, category) in enumerate(scene.unsure()[: _WRONG // 3])
        for other in range(3)
    ]


def flattering_first(scene: Scene) -> list[Feedback]:
    said = scene.predictor.predict_many([text for text, _ in scene.headlines])
    sure = [
        (text, answer.category)
        for (text, _), answer in zip(scene.headlines, said, strict=True)
        if answer.confidence >= _CONFIDENT
    ]
    praise = [_says(text, category, at=datetime.now(UTC) - timedelta(days=1)) for text, category in sure[:400]]
    return praise + at_once(scene)


def stolen_from_the_cms(scene: Scene) -> list[Feedback]:
    return [
        _says(text, scene.wrong(category), "cms", f"mallory {number % 6}", trusted=True)
        for number, (text, category) in enumerate(scene.unsure()[:_WRONG])
    ]


def _errors(scene: Scene) -> list[tuple[str, str]]:
    """The first headlines on which the model is wrong: as many as an honest editor corrects."""
    said = scene.predictor.predict_many([text for text, _ in scene.headlines])
    errors = [pair for pair, answer in zip(scene.headlines, said, strict=True) if answer.category != pair[1]]
    return errors[:_HONEST]


def _corrections(scene: Scene, *, trusted: bool) -> list[Feedback]:
    return [_says(text, category, "cms", "r.burns", trusted=trusted) for text, category in _errors(scene)]


def _review(scene: Scene) -> list[Feedback]:
    """What every headline is, as it comes, whether or not the model is right, until as many are corrected."""
    reviewed = scene.headlines[: scene.headlines.index(_errors(scene)[-1]) + 1]
    return [
        _says(text, category, "cms", f"editor {number % 3}", trusted=True)
        for number, (text, category) in enumerate(reviewed)
    ]


KINDS: dict[str, Callable[[Scene], Sequence[Feedback]]] = {
    "attack: 2,400 wrong labels at once": at_once,
    "attack: the same over 30 days": slow,
    "attack: 800 texts by three of 30 names each": many_names,
    "attack: praises 400 sure answers first": flattering_first,
    "attack: the same 2,400 by a stolen trusted key": stolen_from_the_cms,
    "honest: 400 corrections by one key": lambda scene: _corrections(scene, trusted=False),
    "honest: the same by a trusted key": lambda scene: _corrections(scene, trusted=True),
}
HONEST: dict[str, Callable[[Scene], Sequence[Feedback]]] = {
    f"say of each headline what it is, until {_HONEST:,} are corrected": _review,
    f"report {_HONEST:,} errors alone": lambda scene: _corrections(scene, trusted=True),
}


def report(data: Path) -> str:
    with (data / "ag_news.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if len(row["title"]) > 30]
    learnt, rest = rows[:_ARTICLES], rows[_ARTICLES:]
    unseen = rest[_OTHERS : _OTHERS + _UNSEEN]
    with TemporaryDirectory() as folder:
        home = _trained(Path(folder) / "trained", learnt)
        table = [
            _outcome(name, kind, Path(shutil.copytree(home, Path(folder) / str(number))), rest[:_OTHERS], unseen)
            for number, (name, kind) in enumerate(KINDS.items())
        ]
        honest = [_honest(rows, seed, Path(folder) / f"seed {seed}") for seed in _SEEDS]
    return (
        "## What one feedback key comes to (`python -m benchmarks poisoning`)\n\n"
        f"A model of {_ARTICLES:,} AG News articles; labels about headlines of others, whose texts are kept, none of "
        f"the attackers' on a prediction of {_CONFIDENT:g} or surer but for praise. Then `newsdesk retrain`, limits as "
        f"shipped. Accuracy on {_UNSEEN:,} headlines that nobody spoke of: of what was trained, and of what serves "
        "after the gate.\n\n"
        + markdown(
            ["who", "usable labels", "learnt from", "in the test set", "before", "trained", "gate", "serves"], table
        )
        + "\n\nHonest editors by a trusted key, who correct errors alone or say of every headline what it is, with "
        "other articles to learn from. Of each: trained, gate, serves.\n\n"
        + markdown(["articles", "before", *HONEST], _with_means(honest))
    )


def _honest(rows: Sequence[Row], seed: int, folder: Path) -> list[tuple[str, ...]]:
    """What becomes of what each honest editor says; before, trained, gate, serves."""
    shuffled = [rows[place] for place in np.random.default_rng(seed).permutation(len(rows))]
    learnt, rest = shuffled[:_ARTICLES], shuffled[_ARTICLES:]
    home, unseen = _trained(folder / "trained", learnt), rest[_OTHERS : _OTHERS + _UNSEEN]
    return [
        _outcome(name, kind, Path(shutil.copytree(home, folder / name)), rest[:_OTHERS], unseen)[-4:]
        for name, kind in HONEST.items()
    ]


def _with_means(honest: Sequence[Sequence[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    table = [
        (f"sample {seed}", found[0][0], *(", ".join(one[1:]) for one in found))
        for seed, found in zip(_SEEDS, honest, strict=True)
    ]

    def mean(figures: Iterable[str]) -> str:
        return f"{fmean(float(figure) for figure in figures if figure != '–'):.3f}"

    of_each = [
        f"{mean(found[place][1] for found in honest)}, –, {mean(found[place][3] for found in honest)}"
        for place in range(len(HONEST))
    ]
    return [*table, ("mean", mean(found[0][0] for found in honest), *of_each)]


def _settings(folder: Path) -> Settings:
    where = {"NEWSDESK_HOME": str(folder / "var"), "NEWSDESK_CONFIG_DIR": str(folder / "configs")}
    return Settings.model_validate(where)


def _trained(folder: Path, rows: Sequence[Row]) -> Path:
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "model_config.yaml").write_text(_MODELS, encoding="utf-8")
    table = folder / "articles.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=["title", "text", "category"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    run(ArticleSource(table), _settings(folder), "benchmarks", NoProgress())
    return folder


def _outcome(
    name: str, kind: Callable[[Scene], Sequence[Feedback]], folder: Path, others: Sequence[Row], unseen: Sequence[Row]
) -> tuple[str, ...]:
    settings = _settings(folder)
    champion = Predictor(find_champion(settings).bundle)
    headlines = [(row["title"], row["category"]) for row in others]
    before = _accuracy(champion, unseen)
    store = open_store(settings.database)
    for feedback in kind(Scene(champion, headlines, sorted(champion.classes))):
        record_feedback(store, feedback)
    store.dispose()
    done = retrain(RetrainRequest("benchmarks"), settings, NoProgress())
    if done.outcome is None or done.corrected is None:  # none of it is usable
        return name, "0", "0", "0", f"{before:.3f}", "–", "nothing to train", f"{before:.3f}"
    dataset = done.outcome.prepared.dataset
    of_feedback = [
        sum(article.id.startswith("feedback-") for split in splits for article in read_articles(dataset, split))
        for splits in (("train", "validation"), ("test",))
    ]
    return (
        name,
        f"{done.corrected.corrections:,}",
        *(f"{count:,}" for count in of_feedback),
        f"{before:.3f}",
        f"{_accuracy(Predictor(done.outcome.trained.bundle), unseen):.3f}",
        done.outcome.judged.verdict.decision,
        f"{_accuracy(Predictor(find_champion(settings).bundle), unseen):.3f}",
    )


def _accuracy(predictor: Predictor, rows: Sequence[Row]) -> float:
    said = predictor.predict_many([row["title"] for row in rows])
    return sum(answer.category == row["category"] for answer, row in zip(said, rows, strict=True)) / len(rows)
