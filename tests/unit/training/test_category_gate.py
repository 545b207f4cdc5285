"""The gate where categories changed: by figures on what both models know, then by what was set about the change."""

import pytest

from newsdesk.config.category_change import CategoryAction, OnCategoryChange
from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.training.category_change import CategoryChange, compare_categories
from newsdesk.training.category_gate import decide_across_categories, judge_change
from newsdesk.training.evaluation import evaluate
from newsdesk.training.gate import Decision, Verdict, decide
from newsdesk.training.paired_comparison import PairedComparison
from newsdesk.training.paired_predictions import PairedPredictions

THRESHOLDS = TrainingPipeline()


def answers(*rows: tuple[int, str, str, str]) -> PairedPredictions:
    """So many articles each of (truth, challenger's answer, champion's answer)."""
    columns = zip(*(row for count, *row in rows for _ in range(count)), strict=True)
    return PairedPredictions(*map(list, columns))


def by_figures(said: PairedPredictions, change: CategoryChange) -> Verdict:
    test = evaluate(list(said.truth), list(said.challenger))

    def by(comparison: PairedComparison) -> Verdict:
        return decide(test=test, comparison=comparison, same_as_champion=False, thresholds=THRESHOLDS)

    return decide_across_categories(said, change, THRESHOLDS.gate, by)


def judged(said: PairedPredictions, change: CategoryChange, **rules: CategoryAction) -> Verdict:
    return judge_change(by_figures(said, change), change, OnCategoryChange(**rules))


SAME = compare_categories("ab", "ab")
ADDED = compare_categories("ab", "abc")
LOST = compare_categories("abc", "ab")
RENAMED = compare_categories(["a", "b", "sports"], ["a", "b", "sport"])
DISJOINT = compare_categories("ab", "cd")


def test_where_nothing_changed_nothing_changes() -> None:
    said = answers((80, "a", "a", "a"), (40, "b", "b", "a"))
    verdict = judged(said, SAME)
    assert verdict.decision == "promoted"
    assert "categories" not in verdict.reason
    assert "categories" not in verdict.evidence


def test_a_table_whose_categories_are_others_does_not_win_by_what_the_champion_cannot_know() -> None:
    said = answers((100, "c", "c", "a"), (100, "d", "d", "b"))
    assert by_figures(said, DISJOINT).decision == "promoted"
    verdict = judged(said, DISJOINT)
    assert verdict.decision == "refused"
    assert "none of the champion's categories (a, b), but c, d" in verdict.reason
    assert "training_pipeline.on_category_change.disjoint refuses that" in verdict.reason


@pytest.mark.parametrize(("action", "decision"), [("promote", "promoted"), ("ask", "waiting"), ("refuse", "refused")])
def test_the_configuration_says_what_becomes_of_a_change(action: CategoryAction, decision: Decision) -> None:
    better = answers((50, "a", "a", "a"), (50, "b", "b", "a"))
    new_desk = answers((100, "a", "a", "a"), (60, "c", "c", "a"))
    other = answers((100, "c", "c", "a"))
    assert judged(better, LOST, lost=action).decision == decision
    assert judged(new_desk, ADDED, added=action).decision == decision
    assert judged(other, DISJOINT, disjoint=action).decision == decision
    if action != "promote":
        assert f"on_category_change.lost {action}s" in judged(better, LOST, lost=action).reason


def test_only_what_the_gate_would_promote_is_asked_about() -> None:
    worse = answers((100, "a", "a", "a"), (20, "b", "a", "b"))
    verdict = judged(worse, LOST)
    assert verdict.decision == "kept"
    assert "does not know 1 category that the champion does (c)" in verdict.reason


def test_models_are_compared_on_articles_of_the_categories_that_both_know() -> None:
    said = answers((90, "a", "a", "a"), (30, "b", "b", "b"), (20, "b", "b", "a"), (60, "c", "a", "a"))
    verdict = by_figures(said, ADDED)
    assert verdict.decision == "promoted"
    assert verdict.reason.startswith("on articles of the 2 categories that both know, accuracy 1.0")
    assert verdict.evidence["comparison"]["articles"] == 140


def test_a_new_desk_is_taken_on_for_its_own_articles_where_the_others_lose_nothing() -> None:
    """On what both know the two are alike, and for ever would be."""
    said = answers((100, "a", "a", "a"), (100, "b", "b", "b"), (30, "c", "c", "a"))
    verdict = judged(said, ADDED)
    assert verdict.decision == "promoted"
    assert "on the categories that both know the difference is +0.000" in verdict.reason
    assert "it knows 1 category that the champion does not (c)" in verdict.reason


def test_a_new_desk_makes_up_for_no_loss_of_the_others() -> None:
    said = answers((100, "a", "a", "a"), (90, "b", "b", "b"), (10, "b", "a", "b"), (60, "c", "c", "a"))
    assert by_figures(said, DISJOINT).decision == "promoted"  # as all would be without a look at the categories
    assert judged(said, ADDED).decision == "kept"


def test_a_new_desk_of_three_articles_is_not_told_from_chance() -> None:
    said = answers((100, "a", "a", "a"), (3, "c", "c", "a"))
    assert judged(said, ADDED).decision == "kept"


def test_a_renamed_category_is_asked_about_though_the_two_are_alike_elsewhere() -> None:
    said = answers((60, "a", "a", "a"), (60, "b", "b", "b"), (60, "sport", "sport", "sports"))
    verdict = judged(said, RENAMED)
    assert verdict.decision == "waiting"
    assert "'sport' may be what was 'sports'" in verdict.reason


def test_where_no_test_article_is_of_what_both_know_the_champion_stays() -> None:
    assert by_figures(answers((90, "c", "c", "a")), ADDED).decision == "kept"


@pytest.mark.parametrize("decision", ["refused", "unchanged"])
def test_what_is_not_good_enough_or_the_same_stays_so(decision: Decision) -> None:
    verdict = Verdict(decision, "because")
    assert judge_change(verdict, DISJOINT, OnCategoryChange(disjoint="promote")) == verdict


def test_the_evidence_holds_what_changed() -> None:
    verdict = judged(answers((50, "a", "a", "a"), (50, "b", "b", "a")), LOST)
    told = verdict.evidence["categories"]
    assert told == {"kinds": ("lost",), "shared": ("a", "b"), "added": (), "lost": ("c",), "renamed": ()}


def test_categories_that_differ_by_case_alone_are_told_as_alike_though_none_is_shared() -> None:
    change = compare_categories(["sports", "business"], ["SPORTS", "BUSINESS"])
    assert change.kinds == ("disjoint",)
    assert str(change).endswith("'BUSINESS' may be what was 'business', 'SPORTS' may be what was 'sports'")
