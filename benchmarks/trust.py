"""Who is believed: honest editors and those who do harm, against a calibrated and an over-confident model."""

import csv
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.main_job import run_main_job
from benchmarks.sample_corpus import OUR_NAME
from benchmarks.tables import markdown
from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.config.settings import Settings
from newsdesk.monitoring.labels import usable_labels
from newsdesk.serving.model_loader import ModelLoader
from newsdesk.store.feedback import Annotation

_SHARPENED = 0.25  # temperature by which the over-confident model is made of the other
_HEADLINES = (400, 1500)  # that were answered, and that the editors could see
_ROUNDS = 100
_SLIPS = 0.1  # how often a sloppy editor is wrong
_BULK = 60  # answers that a poisoner attacks
_NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
_LIMITS = FeedbackLimits(max_per_editor_and_day=10_000, max_per_caller_and_day=100_000)

Random = np.random.Generator
Numbers = NDArray[np.int64]
Said = Mapping[int, int]  # the number of a headline → that of a category
Votes = Mapping[tuple[str, str], Said]  # by caller and editor


class Seen(NamedTuple):
    """Headlines: what is right, what was answered, what would have been answered next, how confidently; of how many
    categories."""

    right: Numbers
    predicted: Numbers
    second: Numbers
    confidence: NDArray[np.float64]
    classes: int

    def wrong(self) -> Numbers:
        return np.flatnonzero(self.right != self.predicted)

    def another(self, random: Random, than: int) -> int:
        """Any category but one."""
        return int(random.choice([category for category in range(self.classes) if category != than]))


def reviewing(seen: Seen, _: Random) -> Said:
    return dict(enumerate(seen.right.tolist()))


def reviewing_with_slips(seen: Seen, random: Random) -> Said:
    return {
        i: seen.another(random, right) if random.random() < _SLIPS else right
        for i, right in enumerate(seen.right.tolist())
    }


def reporting(seen: Seen, _: Random) -> Said:
    return {i: int(seen.right[i]) for i in seen.wrong().tolist()}


def reporting_with_slips(seen: Seen, random: Random) -> Said:
    """One report in ten is about an answer that was right."""
    fine = np.flatnonzero(seen.right == seen.predicted)
    slips = random.choice(fine, size=max(1, round(len(seen.wrong()) * _SLIPS / (1 - _SLIPS))), replace=False)
    return {**reporting(seen, random), **{int(i): seen.another(random, int(seen.right[i])) for i in slips}}


def at_random(seen: Seen, random: Random) -> Said:
    return {i: int(random.integers(seen.classes)) for i in range(len(seen.right))}


def one_category(seen: Seen, random: Random) -> Said:
    category = int(random.integers(seen.classes))
    return dict.fromkeys(range(len(seen.right)), category)


def contradicting(seen: Seen, random: Random) -> Said:
    """A third of what comes, blindly."""
    chosen = random.choice(len(seen.right), size=len(seen.right) // 3, replace=False)
    return {int(i): seen.another(random, int(seen.predicted[i])) for i in chosen}


def contradicting_the_surest(seen: Seen, random: Random) -> Said:
    fine = np.flatnonzero(seen.right == seen.predicted)
    surest = fine[np.argsort(-seen.confidence[fine])][:_BULK]
    return {int(i): seen.another(random, int(seen.predicted[i])) for i in surest}


def picking_unsure_ones(seen: Seen, _: Random) -> Said:
    """Answers that are right, the less sure of the confident, called what the model thought of next."""
    sure = np.flatnonzero((seen.right == seen.predicted) & (seen.confidence >= _LIMITS.confident))
    return {int(i): int(seen.second[i]) for i in sure[np.argsort(seen.confidence[sure])][:_BULK]}


def alone(kind: Callable[[Seen, Random], Said]) -> Callable[[Seen, Random], Votes]:
    return lambda seen, random: {("newsroom", "editor"): kind(seen, random)}


def colluding_by_one_key(seen: Seen, random: Random) -> Votes:
    """Twenty names that share what they say of the surest answers, too few each to be judged alone."""
    said = list(contradicting_the_surest(seen, random).items())
    return {("stolen", f"editor {number}"): dict(said[number::20]) for number in range(20)}


def colluding_by_two_keys(seen: Seen, random: Random) -> Votes:
    """Two keys say the same of the surest answers."""
    said = contradicting_the_surest(seen, random)
    return {("stolen", "editor"): said, ("stolen, too", "editor"): said}


KINDS: dict[str, Callable[[Seen, Random], Votes]] = {
    "honest: reviews all": alone(reviewing),
    "honest: reviews all, a tenth wrong": alone(reviewing_with_slips),
    "honest: reports errors alone": alone(reporting),
    "honest: reports errors alone, a tenth wrong": alone(reporting_with_slips),
    "says anything of all": alone(at_random),
    "says one category of all": alone(one_category),
    "contradicts a third blindly": alone(contradicting),
    "contradicts the surest right answers": alone(contradicting_the_surest),
    "the same, as twenty names of one key": colluding_by_one_key,
    "the same, by two keys that agree": colluding_by_two_keys,
    "picks unsure right answers, says the second best": alone(picking_unsure_ones),
}


def report(data: Path) -> str:
    with (data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with TemporaryDirectory() as home:
        run_main_job(Path(home))
        predictor = ModelLoader(Settings.model_validate({"NEWSDESK_HOME": home})).load_at_start().predictor
        probabilities = predictor.predict_proba([row["title"] for row in rows])
    classes = list(predictor.classes)
    right = np.array([classes.index(OUR_NAME.get(row["category"], row["category"])) for row in rows])
    sharpened = probabilities ** (1 / _SHARPENED)
    models = {"calibrated": probabilities, "over-confident": sharpened / sharpened.sum(axis=1, keepdims=True)}
    headings, columns = ["who"], []
    for name, made in models.items():
        for headlines in _HEADLINES:
            headings.append(f"{name}, {headlines:,}")
            columns.append([_distrusted(kind, right, made, headlines) for kind in KINDS.values()])
    accuracy = float((probabilities.argmax(axis=1) == right).mean())
    sure = " and ".join(f"{float(made.max(axis=1).mean()):.2f}" for made in models.values())
    return (
        "## Who is believed (`python -m benchmarks trust`)\n\n"
        f"The sample's model on BBC headlines: accuracy {accuracy:.2f}, mean confidence {sure} as it is and made "
        f"over-confident (temperature {_SHARPENED:g}). How often, in {_ROUNDS} rounds, whoever it is was distrusted / "
        "on how many confident predictions they were judged on average "
        f"(fewer than {_LIMITS.min_compared}: not at all), by the number of headlines answered. Limits as shipped, but "
        "for those of a flood.\n\n" + markdown(headings, list(zip(KINDS, *columns, strict=True)))
    )


def _distrusted(
    kind: Callable[[Seen, Random], Votes], right: Numbers, probabilities: NDArray[np.float64], headlines: int
) -> str:
    random = np.random.default_rng(42)
    count, compared = 0, []
    for _ in range(_ROUNDS):
        chosen = random.choice(len(right), size=headlines, replace=False)
        made = probabilities[chosen]
        order = made.argsort(axis=1)
        seen = Seen(right[chosen], order[:, -1], order[:, -2], made.max(axis=1), made.shape[1])
        annotations = _annotations(kind(seen, random), seen)
        compared.append(
            sum(
                annotation.confidence is not None and annotation.confidence >= _LIMITS.confident
                for annotation in annotations
            )
        )
        count += bool(usable_labels(annotations, {}, _LIMITS, log=_log(seen)).distrusted)
    return f"{count / _ROUNDS:.0%} / {np.mean(compared):.0f}"


def _annotations(said: Votes, seen: Seen) -> list[Annotation]:
    return [
        Annotation(
            text_digest=str(i),
            editor=editor,
            category=str(category),
            at=_NOON,
            caller=caller,
            predicted=str(seen.predicted[i]),
            confidence=float(seen.confidence[i]),
            digest="model",
        )
        for (caller, editor), categories in said.items()
        for i, category in categories.items()
    ]


def _log(seen: Seen) -> dict[tuple[str, str], dict[str, float]]:
    log: dict[tuple[str, str], dict[str, float]] = {}
    for i, confidence in enumerate(seen.confidence.tolist()):
        log.setdefault(("model", str(seen.predicted[i])), {})[str(i)] = confidence
    return log
