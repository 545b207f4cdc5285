"""The gate where champion and challenger do not know the same categories."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from newsdesk.config.category_change import OnCategoryChange
from newsdesk.config.gate_config import GateConfig
from newsdesk.training.category_change import CategoryChange
from newsdesk.training.gate import Verdict

if TYPE_CHECKING:
    from newsdesk.training.paired_comparison import PairedComparison
    from newsdesk.training.paired_predictions import PairedPredictions

_RULES = "training_pipeline.on_category_change"
_PROMOTE_ALWAYS = OnCategoryChange(added="promote", lost="promote", disjoint="promote")


def decide_across_categories(
    predictions: "PairedPredictions",
    change: CategoryChange,
    gate: GateConfig,
    decide: "Callable[[PairedComparison], Verdict]",
) -> Verdict:
    """What the gate, which `decide` asks, says of two models by their answers to the same current test articles.

    They are compared on articles of the categories that both know. A category that is new, or was renamed or merged,
    shows nothing there: who is not better on these is looked at on all current articles, and promoted where it is
    better on all of them, and loses no more than `gate.max_loss` on those that both know.
    """
    if not change.shared:
        return decide(predictions.compare(gate.metric))
    shared = predictions.about(frozenset(change.shared)).compare(gate.metric)
    verdict = decide(shared)
    if not change:
        return verdict
    if verdict.decision in ("kept", "promoted"):
        both = f"{len(change.shared)} categories" if len(change.shared) > 1 else "category"
        verdict = replace(verdict, reason=f"on articles of the {both} that both know, {verdict.reason}")
    if verdict.decision != "kept" or not shared.articles or shared.gain < -gate.max_loss:
        return verdict
    on_all = decide(predictions.compare(gate.metric))
    if on_all.decision != "promoted":
        return replace(verdict, reason=f"{verdict.reason}; on all test articles, {on_all.reason}")
    limit = f"within training_pipeline.gate.max_loss {gate.max_loss:g}"
    loss_note = f"on the categories that both know the difference is {shared.gain:+.3f}, {limit}"
    return replace(on_all, reason=f"{on_all.reason}; {loss_note}")


def judge_change(verdict: Verdict, change: CategoryChange, rules: OnCategoryChange) -> Verdict:
    """The gate's verdict, adjusted where categories changed."""
    if not change or verdict.decision in ("refused", "unchanged"):
        return verdict
    evidence = {**verdict.evidence, "categories": change.as_dict()}
    described = Verdict(verdict.decision, f"{verdict.reason}; it {change}", evidence)
    action, key = change.action(rules), f"{_RULES}.{_strictest_kind(change, rules)}"
    if action == "refuse":
        remedy = "Give its categories the champion's names, in the table or by data_pipeline.categories.aliases"
        return replace(described, decision="refused", reason=f"it {change} ({key} refuses that). {remedy}")
    if action == "ask" and verdict.decision == "promoted":
        return replace(described, decision="waiting", reason=f"it {change} ({key} asks a person); {verdict.reason}")
    return described


def judge_beside_sample(verdict: Verdict, change: CategoryChange) -> Verdict:
    """What becomes of the verdict on all current test articles where categories changed from those of the sample corpus
    to those of somebody's own articles."""
    verdict = judge_change(verdict, change, _PROMOTE_ALWAYS)
    if verdict.decision != "promoted":
        return verdict
    sample_note = "the champion learnt from the sample corpus, which gives way to articles of your own"
    return replace(verdict, reason=f"{verdict.reason}; {sample_note}")


def _strictest_kind(change: CategoryChange, rules: OnCategoryChange) -> str:
    """The kind of change that asks for the strictest action."""
    return next(kind for kind in reversed(change.kinds) if getattr(rules, kind) == change.action(rules))
