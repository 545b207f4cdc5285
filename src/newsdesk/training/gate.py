"""The promotion gate: may this model take the champion's place?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from newsdesk.config.gate_config import GateMetric
from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.training.evaluation import Evaluation
from newsdesk.training.paired_comparison import PairedComparison
from newsdesk.training.share_format import format_share, format_share_apart

Decision = Literal["promoted", "waiting", "refused", "kept", "unchanged"]

METRICS: dict[GateMetric, str] = {"accuracy": "accuracy", "macro_f1": "macro F1", "weighted_f1": "weighted F1"}
_ROUNDING = 5e-13  # figures are fractions of the test set; half a unit in the twelfth place forgives their rounding
_HARD_SHARE = 0.5  # share of the champion's errors: whoever must make away with more is told that it is hard to reach


@dataclass(frozen=True)
class Verdict:
    """What the gate decided, and why, in words for people and, as `evidence`, in figures.

    `promoted`: it may serve. `refused`: it is not good enough for anyone. `kept`: it is good, but not enough better
    than the champion. `unchanged`: it is the champion. `waiting`: it could serve, and a person must say yes, for its
    categories are not the champion's.
    """

    decision: Decision
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


def decide(
    *,
    test: Evaluation,
    comparison: PairedComparison | None,
    same_as_champion: bool,
    thresholds: TrainingPipeline,
    guard: PairedComparison | None = None,
    unvouched: int = 0,
) -> Verdict:
    """Judge a challenger by its figures on the test set; by a comparison with the champion (None: there is none) by the
    metric of the gate, on the same current test articles; and, where feedback had a hand in those, on a guard.

    `unvouched`: how many test articles have a label that only callers gave whom no administrator vouches for. Such
    labels promote nothing that is worse without them.
    """
    evidence = _evidence(test, comparison, thresholds, guard)

    def verdict(decision: Decision, reason: str) -> Verdict:
        return Verdict(decision, reason, evidence)

    missed = next(_missed_floors(test, thresholds), None)
    if missed is not None:
        return verdict("refused", missed)
    if same_as_champion:
        return verdict("unchanged", "the champion already is this very model")
    if comparison is None:
        metric, threshold = thresholds.gate.metric, thresholds.auto_deploy_threshold
        reached = f"test {METRICS[metric]} {format_share(test.figure(metric), test.articles)} reaches {threshold:g}"
        return verdict("promoted", f"{reached}, and there is no champion yet")
    if guard is not None and guard.high < -thresholds.gate.max_loss:
        return verdict(
            "refused",
            f"on {guard.articles:,} test articles that no feedback has touched it loses {-guard.gain:.3f} against the "
            f"champion (95 % interval {-guard.high:.3f} to {-guard.low:.3f}), surely more than "
            f"training_pipeline.gate.max_loss {thresholds.gate.max_loss:g}",
        )
    if guard is not None and unvouched and guard.gain < 0:
        return verdict(
            "kept",
            f"{unvouched:,} of the {test.articles:,} test articles are labelled by API keys that no administrator "
            f"vouches for, and on the {guard.articles:,} that no feedback has touched it loses {-guard.gain:.3f} "
            "against the champion: such labels alone promote nothing (newsdesk keys create NAME --trusted)",
        )
    shortfalls = list(_find_shortfalls(comparison, thresholds))
    return verdict(
        "kept" if shortfalls else "promoted", "; ".join([_describe_comparison(comparison, thresholds), *shortfalls])
    )


def _missed_floors(test: Evaluation, thresholds: TrainingPipeline) -> Iterator[str]:
    """The absolute requirements that a model misses, whatever the champion."""
    floors, metric = thresholds.gate.floors, thresholds.gate.metric
    if floors.test_articles is not None and test.articles < floors.test_articles:
        yield (
            f"the test set has {test.articles:,} articles, fewer than training_pipeline.gate.floors.test_articles "
            f"{floors.test_articles:,}"
        )
    minimums = {
        "auto_deploy_threshold": (metric, thresholds.auto_deploy_threshold),
        "gate.floors.macro_f1": ("macro_f1", floors.macro_f1),
    }
    for key, (name, limit) in minimums.items():
        if limit is not None and test.figure(name) < limit:
            shown = format_share_apart(test.figure(name), limit, test.articles)
            yield f"test {METRICS[name]} {shown} is below training_pipeline.{key} {limit:g}"
    dead = len(test.dead_categories)
    if floors.dead_categories is not None and dead > floors.dead_categories:
        key = "training_pipeline.gate.floors.dead_categories"
        yield f"{dead} of {test.tested_categories} categories have F1 0, more than {key} {floors.dead_categories}"


def _find_shortfalls(comparison: PairedComparison, thresholds: TrainingPipeline) -> Iterator[str]:
    """What the challenger lacks to replace the champion."""
    gate, gain, errors = thresholds.gate, comparison.gain, 1 - comparison.champion
    if gate.rule == "threshold" and gain < thresholds.model_comparison_threshold - _ROUNDING:
        yield f"too little (training_pipeline.model_comparison_threshold){_out_of_reach(comparison, thresholds)}"
    if gate.rule == "errors" and (errors <= 0 or gain < gate.min_error_reduction * errors - _ROUNDING):
        yield "too little (training_pipeline.gate.min_error_reduction)"
    if not comparison.surely_better:
        if gain > 0:
            alone = f"one model alone is right on {comparison.discordant:,}"
            yield f"{comparison.articles:,} test articles cannot tell it from chance ({alone})"
        else:
            yield "it is no better"


def _describe_comparison(comparison: PairedComparison, thresholds: TrainingPipeline) -> str:
    """Both figures, their difference, and the requirement."""
    articles, gate, champion = comparison.articles, thresholds.gate, comparison.champion
    needed = {
        "threshold": thresholds.model_comparison_threshold,
        "errors": gate.min_error_reduction * (1 - champion),
        "paired": 0.0,
    }[gate.rule]
    requirement = {
        "threshold": f"at least +{needed:g} was needed",
        "errors": f"at least {gate.min_error_reduction:.0%} of the champion's errors, +{needed:.2g}, was needed",
        "paired": "surely more than 0 was needed",
    }[gate.rule]
    low, high = (format_share_apart(end, 0, articles, "+") for end in (comparison.low, comparison.high))
    return (
        f"{METRICS[comparison.metric]} {format_share(comparison.challenger, articles)} against the champion's "
        f"{format_share(champion, articles)} on the same {articles:,} test articles, a difference of "
        f"{format_share_apart(comparison.gain, needed, articles, '+')} (95 % interval {low} to {high}); {requirement}"
    )


def _out_of_reach(comparison: PairedComparison, thresholds: TrainingPipeline) -> str:
    """A note where no model, or hardly any, can beat the champion by that much."""
    needed, champion = thresholds.model_comparison_threshold, comparison.champion
    if needed <= _HARD_SHARE * (1 - champion) + _ROUNDING:
        return ""
    shown = format_share_apart(champion, 1, comparison.articles)
    remedy = "training_pipeline.gate.rule errors or paired asks for what can be reached"
    if champion + needed > 1 + _ROUNDING:
        return f", and +{needed:g} on {shown} can never be reached: {remedy}"
    share = needed / (1 - champion)
    return f", and +{needed:g} on {shown} asks that {share:.0%} of the champion's errors go: {remedy}"


def _evidence(
    test: Evaluation,
    comparison: PairedComparison | None,
    thresholds: TrainingPipeline,
    guard: PairedComparison | None,
) -> dict[str, Any]:
    gate = thresholds.gate
    evidence: dict[str, Any] = {
        "rule": gate.rule,
        "metric": gate.metric,
        "test_articles": test.articles,
        "figure": test.figure(gate.metric),
        "least": thresholds.auto_deploy_threshold,
        "baseline": test.baseline._asdict(),
        "dead_categories": test.dead_categories,
        "tested_categories": test.tested_categories,
        "comparison": comparison and comparison.as_dict(),
        "guard": guard and guard.as_dict() | {"max_loss": gate.max_loss},
    }
    if gate.rule == "threshold":
        evidence["needed"] = {"gain": thresholds.model_comparison_threshold}
    if gate.rule == "errors":
        evidence["needed"] = {"error_reduction": gate.min_error_reduction}
    return evidence
