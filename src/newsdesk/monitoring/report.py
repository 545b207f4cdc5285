"""What monitoring knows, as plain values: windows of predictions, how good they were, how far they drifted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from newsdesk.monitoring.significance import Proportion, proportion

DriftFeature = Literal[
    "category_mix", "confidence", "text_length", "known_words", "language", "top_terms", "domain_classifier"
]
# too_few: not judged. none: no score but the domain classifier's is drift. suspected: at least one is. confirmed: the
# domain classifier finds it, too.
State = Literal["too_few", "none", "suspected", "confirmed"]
# used: counts and trains. text_missing: counts, and cannot train. contradicted: editors are divided. flood: beyond a
# limit. distrusted: of an editor, or an API key, that disagrees too often.
LabelState = Literal["used", "text_missing", "contradicted", "flood", "distrusted"]

# f1: of the texts that editors reviewed. corrected: which share of the texts predicted to be of it was corrected.
Measure = Literal["f1", "corrected"]


@dataclass(frozen=True)
class DriftScore:
    """How far one feature of a window is from the reference.

    `score` is a Jensen-Shannon distance (base 2), 0 to 1, and for the domain classifier its AUC. `p_value`: of a
    difference at least as large by chance. `detail` says in words what changed most.
    """

    feature: DriftFeature
    score: float
    threshold: float
    p_value: float
    detected: bool
    detail: str = ""


@dataclass(frozen=True)
class ClassFigures:
    """Of the texts with usable feedback: how many belong to the category, were predicted to, and both.

    `is_known`: whether the model could have answered the category at all.
    """

    labelled: int
    predicted: int
    right: int
    is_known: bool = True

    @property
    def f1(self) -> float | None:
        """None where the category did not occur, or the model does not know it: then there is nothing to measure."""
        total = self.labelled + self.predicted
        return 2 * self.right / total if total and self.is_known else None


@dataclass(frozen=True)
class Performance:
    """How good some predictions were. Of the `texts`, `labelled` have usable feedback, `wrong` such that corrects them.

    `accuracy` and `per_class` are over those that editors reviewed, confirming what is right as well, or over all
    `labelled` where these are nearly all texts; None where there is none. `confidence` is the mean, and `estimated` the
    accuracy that it promises, but no more than `at_most`. `categories` counts what was predicted.
    """

    predictions: int
    texts: int
    estimated: float | None
    accuracy: Proportion | None
    per_class: Mapping[str, ClassFigures]
    categories: Mapping[str, int]
    labelled: int = 0
    wrong: int = 0
    confidence: float | None = None

    @property
    def at_most(self) -> Proportion | None:
        """The accuracy, were all right that nobody corrected; None where there is no feedback."""
        return proportion(self.texts - self.wrong, self.texts) if self.labelled else None

    @property
    def coverage(self) -> float:
        """Share of the texts that have usable feedback."""
        return self.labelled / self.texts if self.texts else 0.0


@dataclass(frozen=True)
class Window:
    """What one model answered from `start` to `end`; `scores` is empty where there were too few texts. `left_out`: why
    the others were not scored, where it was judged."""

    start: datetime
    end: datetime
    version: str
    digest: str
    performance: Performance
    scores: tuple[DriftScore, ...]
    state: State
    left_out: Mapping[DriftFeature, str] = field(default_factory=dict)

    @property
    def unconfirmable(self) -> str:
        """Why drift that is suspected cannot be confirmed; "" where it can, or none is suspected."""
        why = self.left_out.get("domain_classifier", "")
        return f"the domain classifier was left out ({why})" if why and self.state == "suspected" else ""

    def score(self, feature: DriftFeature) -> DriftScore | None:
        return next((score for score in self.scores if score.feature == feature), None)


@dataclass(frozen=True)
class Decision:
    """Whether to retrain now, and why or why not in one sentence. `bad` of `judged` windows were bad. `new_labels` can
    train a model, `new_without_text` would if their texts were kept."""

    retrain: bool
    reason: str
    bad: int
    judged: int
    new_labels: int
    new_without_text: int = 0


@dataclass(frozen=True)
class Estimate:
    """A measured value, 0 to 1, with its 95 % interval, and of how many texts it is."""

    value: float
    low: float
    high: float
    texts: int


@dataclass(frozen=True)
class Confusion:
    """`count` of the `of` texts lately that were predicted to be of one category are right in another one, and so were
    `count_before` of `of_before`."""

    predicted: str
    right: str
    count: int
    of: int
    count_before: int
    of_before: int


@dataclass(frozen=True)
class WorseCategory:
    """A category that the model does worse on than before. `p_value`: of so large a difference in any of the compared
    categories by chance. `confusion`: what it is mixed up with more often than before."""

    category: str
    measure: Measure
    lately: Estimate
    before: Estimate
    p_value: float
    confusion: Confusion | None


@dataclass(frozen=True)
class QualityChange:
    """How the model does on each category lately, in its newest windows from `since` on, against those before, from
    `begin` on. `not_worse` differ by no more than chance; of those `too_few` there is too little feedback to tell.
    """

    begin: datetime
    since: datetime
    worse: tuple[WorseCategory, ...]
    not_worse: tuple[str, ...]
    too_few: tuple[str, ...]

    @property
    def is_known(self) -> bool:
        """Whether anything could be compared."""
        return bool(self.worse or self.not_worse)


@dataclass(frozen=True)
class Report:
    """The picture at one time. Windows are oldest first; `windows` and `days` are of the champion alone.

    `by_version` and `by_arm` sum over the windows looked at; `labels` counts texts with feedback by what became of it;
    `distrusted` names the editors and API keys that are not believed, and why. `change` is None where the champion
    answered nothing.
    """

    at: datetime
    version: str
    digest: str
    test_accuracy: float
    windows: tuple[Window, ...]
    days: tuple[Window, ...]
    by_version: Mapping[str, Performance]
    by_arm: Mapping[str, Performance]
    labels: Mapping[LabelState, int]
    decision: Decision
    distrusted: tuple[str, ...] = ()
    change: QualityChange | None = None

    @property
    def newest(self) -> Window | None:
        """The newest window that has ended and has predictions."""
        return next((window for window in reversed(self.windows) if window.end <= self.at), None)
