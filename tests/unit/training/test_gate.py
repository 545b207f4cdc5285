import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.training.gate import Decision, Verdict, decide


def verdict(
    accuracy: float, champion: float | None = None, *, same: bool = False, floor: float = 0.55, gain: float = 0.02
) -> Verdict:
    thresholds = TrainingPipeline(auto_deploy_threshold=floor, model_comparison_threshold=gain)
    return decide(accuracy=accuracy, champion_accuracy=champion, same_as_champion=same, thresholds=thresholds)


@pytest.mark.parametrize(
    ("accuracy", "champion", "same", "decision"),
    [
        (0.54, None, False, "refused"),
        (0.54, 0.10, False, "refused"),
        (0.54, 0.54, True, "refused"),
        (0.0, None, False, "refused"),
        (0.55, None, False, "promoted"),
        (1.0, None, False, "promoted"),
        (0.80, 0.80, True, "unchanged"),
        (0.80, 0.70, True, "unchanged"),
        (0.80, 0.70, False, "promoted"),
        (0.80, 0.79, False, "kept"),
        (0.80, 0.80, False, "kept"),
        (0.80, 0.95, False, "kept"),
        (0.60, 0.30, False, "promoted"),
    ],
)
def test_every_decision(accuracy: float, champion: float | None, same: bool, decision: Decision) -> None:
    assert verdict(accuracy, champion, same=same).decision == decision


@pytest.mark.parametrize(
    ("accuracy", "champion", "gain"),
    [(0.57, 0.55, 0.02), (0.72, 0.70, 0.02), (0.9, 0.6, 0.3), (0.8, 0.7, 0.1), (0.92, 0.9, 0.02), (0.8, 0.8, 0.0)],
)
def test_exactly_the_gain_that_is_needed_is_enough_however_floats_round(
    accuracy: float, champion: float, gain: float
) -> None:
    assert verdict(accuracy, champion, gain=gain).decision == "promoted"


def test_some_of_these_differences_really_fall_short_of_their_threshold() -> None:
    assert 0.57 - 0.55 < 0.02


@pytest.mark.parametrize("articles", [100, 1_000, 1_000_000])
def test_one_article_less_than_needed_is_not_enough(articles: int) -> None:
    needed = articles // 50
    champion = (articles * 3 // 5) / articles
    assert verdict((articles * 3 // 5 + needed) / articles, champion).decision == "promoted"
    assert verdict((articles * 3 // 5 + needed - 1) / articles, champion).decision == "kept"
    assert verdict((articles * 11 // 20) / articles).decision == "promoted"
    assert verdict((articles * 11 // 20 - 1) / articles).decision == "refused"


@settings(deadline=None)
@given(hundreds=st.integers(1, 300), champion=st.floats(0, 1), gain=st.integers(0, 30))
def test_a_gain_of_whole_per_cents_is_judged_as_on_paper(hundreds: int, champion: float, gain: int) -> None:
    articles = 100 * hundreds
    right = int(champion * articles)
    better = right + gain * hundreds
    if better > articles:
        return
    found = verdict(better / articles, right / articles, floor=0, gain=gain / 100)
    assert found.decision == "promoted"
    if better:
        worse = verdict((better - 1) / articles, right / articles, floor=0, gain=gain / 100)
        assert worse.decision == "kept"


def test_a_refusal_names_the_setting_and_both_figures() -> None:
    reason = verdict(0.512).reason
    assert reason == "test accuracy 0.512 is below training_pipeline.auto_deploy_threshold 0.55"


def test_who_is_kept_out_by_the_champion_is_told_both_figures_and_the_setting() -> None:
    reason = verdict(0.81, 0.8).reason
    assert "0.810 against the champion's 0.800 on the same test set, a difference of +0.010" in reason
    assert "at least +0.02 was needed (training_pipeline.model_comparison_threshold)" in reason


def test_a_loss_is_told_with_its_sign() -> None:
    assert "a difference of -0.150" in verdict(0.80, 0.95).reason


def test_the_first_model_is_told_that_there_was_no_champion() -> None:
    assert verdict(0.6).reason == "test accuracy 0.600 reaches 0.55, and there is no champion yet"


def test_an_accuracy_told_to_be_below_the_threshold_is_shown_below_it() -> None:
    assert "accuracy 0.550 is below" not in verdict(5_497 / 10_000).reason


def test_a_gain_told_to_be_too_small_is_shown_smaller_than_needed() -> None:
    assert "a difference of +0.020; at least +0.02" not in verdict(6_197 / 10_000, 0.6).reason
