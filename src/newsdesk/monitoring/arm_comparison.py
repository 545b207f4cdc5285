"""Compare the arms of a live experiment: do they agree, how fast are they, and, where editors spoke, who is right?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Engine

from newsdesk.articles.category import category_key
from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.confidence_log import confidence_log
from newsdesk.monitoring.labels import usable_labels
from newsdesk.monitoring.significance import Proportion, mcnemar_test, proportion, two_proportion_z_test
from newsdesk.store.experiments import (
    ArmAnswer,
    ExperimentRun,
    arm_answers,
    latest_challenge,
    latest_shadow,
    lone_challenger,
    shadow_pairs,
)
from newsdesk.store.feedback import current_feedback
from newsdesk.store.records import Arm

_SIGNIFICANT = 0.05

_CategoryKey = Callable[[str], str]  # equal for categories that are one


@dataclass(frozen=True)
class ArmFigures:
    """How one arm did. `accuracy` is over the texts that have feedback, None where there are none."""

    arm: Arm
    version: str
    predictions: int
    median_ms: float | None
    p95_ms: float | None
    accuracy: Proportion | None


@dataclass(frozen=True)
class Comparison:
    """Two arms. `agreement` is known only where both answered the same texts. `p_value`: by `test`, that they are
    equally good; None where feedback does not reach."""

    since: datetime
    until: datetime
    champion: ArmFigures
    other: ArmFigures
    agreement: Proportion | None
    test: str
    p_value: float | None

    @property
    def conclusion(self) -> str:
        """What can be said of it, in one sentence."""
        names = f"champion version {self.champion.version} and {self.other.arm} version {self.other.version}"
        first, second = self.other.accuracy, self.champion.accuracy
        if self.p_value is None or first is None or second is None:
            return f"Whether {names} differ cannot be said yet: too few of their texts have feedback."
        figures = f"p = {self.p_value:.2g}, {self.test}"
        if self.p_value >= _SIGNIFICANT:
            return f"No difference shown between {names} ({figures})."
        better, worse = (self.other, self.champion) if first.share > second.share else (self.champion, self.other)
        return f"Version {better.version}, the {better.arm}, is better than version {worse.version} ({figures})."


@dataclass(frozen=True)
class LiveComparison:
    """The newest experiment of each kind; None where none ran. `alone`: the challenger's version and how often it
    answered, where the champion answered nothing in the same experiment."""

    shadow: Comparison | None
    ab: Comparison | None
    alone: tuple[str, int] | None = None

    @property
    def conclusion(self) -> str:
        """One sentence for each."""
        sentences = [comparison.conclusion for comparison in (self.shadow, self.ab) if comparison]
        if self.alone:
            version, answers = self.alone
            sentences.append(
                f"The challenger version {version} answered {answers:,} times, and the champion never beside it: there "
                "is nothing to compare it with. Set EXPERIMENT_UNIT=text, or a smaller EXPERIMENT_SHARE."
            )
        return " ".join(sentences) or (
            "No experiment has answered yet. Set EXPERIMENT_MODE to shadow or ab, and have a challenger: newsdesk run."
        )


def compare_live(
    store: Engine, limits: FeedbackLimits, resolve_category: Callable[[str], str | None] = str
) -> LiveComparison:
    """Compare the arms of the newest experiments. Every text counts once in a share, however often it was sent.

    Feedback counts as within `limits` it does elsewhere; votes are held only against predictions that they are about.
    `resolve_category`: what a category is by configuration, whoever says it (`CategoryRules.of`).
    Of editors who only correct it does not count: they have told one arm's errors alone.
    """
    annotations = current_feedback(store)
    labels = usable_labels(
        annotations, {}, limits, log=confidence_log(store, annotations, {}, limits), resolve_category=resolve_category
    )

    def key(category: str) -> str:
        return category_key(resolve_category(category) or category)

    truth = {text: key(category) for text, category in labels.categories.items() if text in labels.reviewed}
    shadow, challenge = latest_shadow(store), latest_challenge(store)
    return LiveComparison(
        None if shadow is None else _compare_paired(store, shadow, truth, key),
        None if challenge is None else _compare_ab(store, challenge, truth, key),
        lone_challenger(store) if challenge is None else None,
    )


class _ArmCounts:
    """What one arm said, as it is read."""

    def __init__(self, key: _CategoryKey) -> None:
        self._key = key
        self._durations: list[float] = []
        self.categories: dict[str, str] = {}

    def add(self, answer: ArmAnswer) -> None:
        self._durations.append(answer.duration_ms)
        self.categories[answer.text_digest] = self._key(answer.category)

    def is_right(self, truth: Mapping[str, str]) -> dict[str, bool]:
        """Whether it was right about each text with feedback; `truth` holds the keys of categories."""
        return {text: category == truth[text] for text, category in self.categories.items() if text in truth}

    def figures(self, arm: Arm, version: str, truth: Mapping[str, str]) -> ArmFigures:
        right = self.is_right(truth).values()
        median, p95 = np.percentile(self._durations, [50, 95]).tolist() if self._durations else (None, None)
        return ArmFigures(arm, version, len(self._durations), median, p95, proportion(sum(right), len(right)))


def _compare_paired(
    store: Engine, experiment: ExperimentRun, truth: Mapping[str, str], key: _CategoryKey
) -> Comparison:
    champion, shadow = _ArmCounts(key), _ArmCounts(key)
    for champion_answer, shadow_answer in shadow_pairs(store, experiment.versions):
        champion.add(champion_answer)
        shadow.add(shadow_answer)
    agreed = sum(champion.categories.get(text) == category for text, category in shadow.categories.items())
    champion_right, shadow_right = champion.is_right(truth), shadow.is_right(truth)
    only_champion = sum(champion_right[text] and not shadow_right[text] for text in champion_right)
    only_shadow = sum(shadow_right[text] and not champion_right[text] for text in champion_right)
    return Comparison(
        experiment.since,
        experiment.until,
        champion.figures("champion", experiment.versions.champion, truth),
        shadow.figures("shadow", experiment.versions.other, truth),
        proportion(agreed, len(shadow.categories)),
        "exact McNemar test",
        mcnemar_test(only_champion, only_shadow) if champion_right else None,
    )


def _compare_ab(store: Engine, experiment: ExperimentRun, truth: Mapping[str, str], key: _CategoryKey) -> Comparison:
    champion, challenger = _ArmCounts(key), _ArmCounts(key)
    for answer in arm_answers(store, experiment, "champion"):
        champion.add(answer)
    for answer in arm_answers(store, experiment, "challenger"):
        challenger.add(answer)
    first = champion.figures("champion", experiment.versions.champion, truth)
    second = challenger.figures("challenger", experiment.versions.other, truth)
    return Comparison(
        experiment.since,
        experiment.until,
        first,
        second,
        None,
        "two-proportion z-test",
        two_proportion_z_test(first.accuracy, second.accuracy) if first.accuracy and second.accuracy else None,
    )
