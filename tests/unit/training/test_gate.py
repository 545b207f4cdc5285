from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.training.evaluation import evaluate
from newsdesk.training.gate import Decision, Verdict, decide
from tests.unit.training.judging import answers, compared, judged, training_pipeline

RULES = ["threshold", "errors", "paired"]
METRICS = ["accuracy", "macro_f1", "weighted_f1"]
COUNT = st.integers(0, 150)


def first(right: int, articles: int, floor: float = 0.55, **gate: Any) -> Verdict:
    """The verdict on a model before which there was none."""
    thresholds = training_pipeline(auto_deploy_threshold=floor, gate=gate)
    test = evaluate(["a"] * articles, ["a"] * right + ["b"] * (articles - right))
    return decide(test=test, comparison=None, same_as_champion=False, thresholds=thresholds)


@pytest.mark.parametrize(("right", "decision"), [(54, "refused"), (0, "refused"), (55, "promoted"), (100, "promoted")])
def test_the_first_model_must_reach_the_floor(right: int, decision: Decision) -> None:
    assert first(right, 100).decision == decision


@pytest.mark.parametrize("floor", [0.5, 0.9])
def test_the_champion_itself_is_unchanged_unless_it_falls_below_the_floor(floor: float) -> None:
    verdict = decide(
        test=evaluate(["a"] * 10, ["a"] * 8 + ["b"] * 2),
        comparison=compared(both=8, neither=2),
        same_as_champion=True,
        thresholds=training_pipeline(auto_deploy_threshold=floor),
    )
    assert verdict.decision == ("unchanged" if floor < 0.8 else "refused")


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("said", "decision"),
    [
        (answers(both=700, only_challenger=100, neither=200), "promoted"),
        (answers(both=700, only_challenger=160, only_champion=60, neither=80), "promoted"),
        (answers(both=700, only_challenger=160, only_champion=140), "kept"),  # chance may have done it
        (answers(both=800, neither=200), "kept"),
        (answers(both=800, only_champion=100, neither=100), "kept"),
        (answers(both=10, only_challenger=5), "kept"),  # five of five: by chance once in 32
    ],
)
def test_no_rule_replaces_the_champion_for_a_gain_that_chance_explains(
    rule: str, said: Any, decision: Decision
) -> None:
    assert judged(said, gate={"rule": rule}).decision == decision


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("metric", METRICS)
def test_ties_are_kept_even_where_no_gain_is_asked_for(rule: str, metric: str) -> None:
    gate = {"rule": rule, "metric": metric}
    assert judged(answers(both=800, neither=200), model_comparison_threshold=0, gate=gate).decision == "kept"
    exchanged = answers(both=800, only_challenger=50, only_champion=50, neither=100)
    assert judged(exchanged, model_comparison_threshold=0, gate=gate).decision == "kept"


@pytest.mark.parametrize("rule", RULES)
def test_a_gain_of_four_articles_in_two_hundred_is_kept_and_says_why(rule: str) -> None:
    found = judged(answers(both=150, only_challenger=4, neither=46), gate={"rule": rule})
    assert found.decision == "kept"
    assert "accuracy 0.77 against the champion's 0.75 on the same 200 test articles" in found.reason
    assert "200 test articles cannot tell it from chance (one model alone is right on 4)" in found.reason
    assert "95 % interval -0.004 to +0.04" in found.reason


def test_the_threshold_asks_for_the_same_difference_whoever_the_champion_is() -> None:
    enough = answers(both=9_000, only_challenger=200, neither=800)
    too_little = answers(both=9_000, only_challenger=199, neither=801)
    assert judged(enough).decision == "promoted"
    assert judged(too_little).decision == "kept"
    assert judged(too_little, model_comparison_threshold=0.01).decision == "promoted"


@pytest.mark.parametrize(
    ("articles", "right", "per_cent"),
    [(1000, 550, 2), (1000, 700, 2), (1000, 600, 30), (1000, 700, 10), (1000, 900, 2)],
)
def test_exactly_the_gain_that_is_needed_is_enough_however_floats_round(
    articles: int, right: int, per_cent: int
) -> None:
    won = articles * per_cent // 100
    said = answers(right, won, 0, articles - right - won)
    assert judged(said, model_comparison_threshold=per_cent / 100).decision == "promoted"


def test_some_of_these_differences_really_fall_short_of_their_threshold() -> None:
    assert 0.57 - 0.55 < 0.02


@settings(max_examples=15, deadline=None)
@given(hundreds=st.integers(3, 60), share=st.floats(0, 1), gain=st.integers(3, 30))
def test_a_gain_of_whole_per_cents_is_judged_as_on_paper(hundreds: int, share: float, gain: int) -> None:
    articles, won = 100 * hundreds, gain * hundreds
    right = int(share * (articles - won))
    for fewer, decision in ((0, "promoted"), (1, "kept")):
        said = answers(right, won - fewer, 0, articles - right - won + fewer)
        assert judged(said, model_comparison_threshold=gain / 100).decision == decision


@pytest.mark.parametrize(("champion", "won"), [(6_000, 200), (9_000, 50), (9_800, 10)])
def test_under_errors_a_share_of_the_champions_errors_must_go(champion: int, won: int) -> None:
    def verdict(more: int) -> Verdict:
        said = answers(champion, won + more, 0, 10_000 - champion - won - more)
        return judged(said, gate={"rule": "errors"})

    assert verdict(0).decision == "promoted"
    assert verdict(-1).decision == "kept"
    assert "training_pipeline.gate.min_error_reduction" in verdict(-1).reason


def test_the_share_of_errors_is_a_setting() -> None:
    said = answers(both=9_000, only_challenger=100, neither=900)
    for share, decision in ((0.1, "promoted"), (0.11, "kept")):
        assert judged(said, gate={"rule": "errors", "min_error_reduction": share}).decision == decision


def test_nobody_replaces_a_champion_without_errors() -> None:
    for rule in RULES:
        assert judged(answers(both=1000), gate={"rule": rule}).decision == "kept"


def test_a_good_champion_can_be_replaced_under_errors_and_paired_and_the_threshold_says_so() -> None:
    said = answers(both=9_850, only_challenger=60, only_champion=20, neither=70)
    assert judged(said, gate={"rule": "errors"}).decision == "promoted"
    assert judged(said, gate={"rule": "paired"}).decision == "promoted"
    kept = judged(said)
    assert kept.decision == "kept"
    assert "+0.02 on 0.987 can never be reached" in kept.reason
    assert "training_pipeline.gate.rule errors or paired" in kept.reason


def test_a_threshold_that_is_hard_to_reach_says_how_hard() -> None:
    said = answers(both=970, only_challenger=6, neither=24)
    assert "asks that 67% of the champion's errors go" in judged(said).reason
    assert "errors go" not in judged(answers(both=900, only_challenger=6, neither=94)).reason


@settings(max_examples=40, deadline=None)
@given(both=COUNT, won=st.integers(6, 150), neither=COUNT)
def test_under_paired_who_is_right_wherever_the_champion_is_and_on_six_more_replaces_it(
    both: int, won: int, neither: int
) -> None:
    assert judged(answers(both, won, 0, neither), gate={"rule": "paired"}).decision == "promoted"


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(RULES), COUNT, COUNT, COUNT, COUNT)
def test_another_right_answer_never_costs_the_place(rule: str, both: int, won: int, lost: int, neither: int) -> None:
    gate = {"rule": rule}
    if judged(answers(both, won, lost, neither + 1), gate=gate).decision == "promoted":
        assert judged(answers(both, won + 1, lost, neither), gate=gate).decision == "promoted"


def test_the_metric_decides_what_counts_as_better() -> None:
    """The champion calls everything common; the challenger finds what is rare, and pays for it."""
    truth = ["common"] * 900 + ["rare"] * 100
    challenger = ["common"] * 850 + ["rare"] * 50 + ["rare"] * 60 + ["common"] * 40
    said = truth, challenger, ["common"] * 1000
    assert judged(said, gate={"rule": "paired"}).decision == "kept"
    found = judged(said, gate={"rule": "paired", "metric": "macro_f1"})
    assert found.decision == "promoted"
    assert found.reason.startswith("macro F1 0.761 against the champion's 0.474")


def test_the_metric_is_what_the_floor_asks_of() -> None:
    said = ["a"] * 90 + ["b"] * 10, ["a"] * 100
    test = evaluate(*said)
    for metric, decision in (("accuracy", "promoted"), ("macro_f1", "refused")):
        thresholds = training_pipeline(auto_deploy_threshold=0.55, gate={"metric": metric})
        found = decide(test=test, comparison=None, same_as_champion=False, thresholds=thresholds)
        assert found.decision == decision
    assert found.reason == "test macro F1 0.47 is below training_pipeline.auto_deploy_threshold 0.55"


@pytest.mark.parametrize(
    ("floors", "named"),
    [
        ({"macro_f1": 0.5}, "test macro F1 0.47 is below training_pipeline.gate.floors.macro_f1 0.5"),
        (
            {"dead_categories": 0},
            "1 of 2 categories have F1 0, more than training_pipeline.gate.floors.dead_categories",
        ),
        (
            {"test_articles": 101},
            "the test set has 100 articles, fewer than training_pipeline.gate.floors.test_articles",
        ),
    ],
)
@pytest.mark.parametrize("has_champion", [False, True])
def test_a_floor_holds_champion_or_no_champion(floors: dict[str, float], named: str, has_champion: bool) -> None:
    truth = ["a"] * 90 + ["b"] * 10
    comparison = compared(both=60, only_challenger=30, neither=10) if has_champion else None

    def verdict(**gate: Any) -> Verdict:
        return decide(
            test=evaluate(truth, ["a"] * 100),
            comparison=comparison,
            same_as_champion=False,
            thresholds=training_pipeline(gate=gate),
        )

    assert verdict().decision == "promoted"
    assert verdict(floors=floors).decision == "refused"
    assert named in verdict(floors=floors).reason
    reached = {"macro_f1": 0.47, "dead_categories": 1, "test_articles": 100}
    assert verdict(floors={name: reached[name] for name in floors}).decision == "promoted"


def test_the_evidence_holds_what_was_asked_and_what_was_found() -> None:
    said = ["a"] * 90 + ["b"] * 10, ["a"] * 100, ["a"] * 80 + ["b"] * 10 + ["a"] * 10
    found = judged(said, auto_deploy_threshold=0.3)
    assert found.evidence["rule"] == "threshold"
    assert found.evidence["needed"] == {"gain": 0.02}
    assert found.evidence["test_articles"] == 100
    assert found.evidence["baseline"] == {"category": "a", "accuracy": 0.9}
    assert found.evidence["dead_categories"] == ["b"]
    assert found.evidence["comparison"]["gain"] == pytest.approx(0.1)
    assert found.evidence["comparison"]["low"] < 0.1 < found.evidence["comparison"]["high"]
    needed = judged(said, gate={"rule": "errors"}).evidence["needed"]
    assert needed == {"error_reduction": 0.05}


def test_a_refusal_names_the_setting_and_both_figures() -> None:
    assert first(512, 1000).reason == "test accuracy 0.512 is below training_pipeline.auto_deploy_threshold 0.55"


def test_the_first_model_is_told_that_there_was_no_champion() -> None:
    assert first(60, 100).reason == "test accuracy 0.60 reaches 0.55, and there is no champion yet"


def test_a_loss_is_told_with_its_sign() -> None:
    assert "a difference of -0.150" in judged(answers(both=800, only_champion=150, neither=50)).reason


def test_who_is_kept_out_by_the_champion_is_told_both_figures_and_the_setting() -> None:
    reason = judged(answers(both=8_000, only_challenger=100, neither=1_900)).reason
    assert "accuracy 0.810 against the champion's 0.800 on the same 10,000 test articles" in reason
    assert "a difference of +0.010 (95 % interval +0.008 to +0.012); at least +0.02 was needed" in reason
    assert "too little (training_pipeline.model_comparison_threshold)" in reason


def test_a_figure_told_to_be_too_small_is_shown_so() -> None:
    assert "accuracy 0.550 is below" not in first(5_497, 10_000).reason
    assert "a difference of +0.020 " not in judged(answers(both=6_000, only_challenger=197, neither=3_803)).reason
