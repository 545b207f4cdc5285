from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.config.pipeline_config import AlertThresholds, Retraining
from newsdesk.monitoring.report import Decision, Performance, State, Window
from newsdesk.monitoring.retraining_decision import decide_retraining, needed_accuracy
from newsdesk.monitoring.significance import proportion
from tests.unit.store.rows import NOON

HOUR = timedelta(hours=1)
RULE = Retraining(windows=4, bad_windows=2, cool_down=7200, min_new_labels=10)


def window(hour: int, state: State = "none", right: int = 0, labelled: int = 0) -> Window:
    """The window that ends so many hours after noon."""
    performance = Performance(100, 100, 0.8, proportion(right, labelled), {}, {})
    return Window(NOON + (hour - 1) * HOUR, NOON + hour * HOUR, "1", "sha256:ab", performance, (), state)


def said(states: Iterable[State], **changes: object) -> Decision:
    """The decision just after the last of windows in these states."""
    windows = [window(hour, state) for hour, state in enumerate(states, start=1)]
    usual: dict[str, object] = {
        "test_accuracy": 0.8,
        "thresholds": AlertThresholds(),
        "rule": RULE,
        "new_labels": 10,
        "last_retraining": None,
        "now": NOON + len(windows) * HOUR,
    }
    return decide_retraining(windows, **(usual | changes))  # type: ignore[arg-type]


def test_enough_bad_windows_the_newest_among_them_ask_for_a_new_model() -> None:
    decision = said(["confirmed", "none", "confirmed"])
    assert (decision.retrain, decision.bad, decision.judged) == (True, 2, 3)
    assert decision.reason == (
        "2 of the newest 3 judged windows are bad, in the newest drift is confirmed; there are 10 new labels."
    )


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        (["too_few"], "No window has ended that had enough texts to be judged."),
        (["none", "suspected"], "0 of the newest 2 judged windows are bad; 2 of 4 would ask for a new model."),
        (["confirmed"], "1 of the newest 1 judged windows are bad; 2 of 4 would ask for a new model."),
        (["confirmed", "confirmed", "none"], "2 of the newest 3 judged windows are bad, but the newest is not."),
        (
            ["confirmed", "none", "none", "none", "confirmed"],
            "1 of the newest 4 judged windows are bad; 2 of 4 would ask",
        ),
    ],
)
def test_without_enough_bad_windows_nothing_is_done(states: list[State], reason: str) -> None:
    decision = said(states)
    assert not decision.retrain
    assert decision.reason.startswith(reason)


def test_windows_with_too_few_texts_are_passed_over() -> None:
    assert said(["confirmed", "too_few", "confirmed", "too_few"]).retrain


def test_a_window_that_has_not_ended_is_not_judged() -> None:
    assert not said(["confirmed", "confirmed"], now=NOON + 1.9 * HOUR).retrain


def test_after_a_retraining_there_is_a_time_to_wait() -> None:
    states: list[State] = ["confirmed", "confirmed", "confirmed"]
    waiting = said(states, last_retraining=NOON + 1.01 * HOUR)
    assert not waiting.retrain
    assert waiting.reason.endswith("but the last retraining was 2026-03-04 13:00 UTC: wait until 2026-03-04 15:00 UTC.")
    assert said(states, last_retraining=NOON + HOUR).retrain


def test_without_new_labels_there_is_nothing_to_learn() -> None:
    decision = said(["confirmed", "confirmed"], new_labels=9)
    assert not decision.retrain
    assert decision.reason.endswith("but there are 9 new labels: 10 are needed.")


@pytest.mark.parametrize(
    ("right", "labelled", "is_bad"),
    [
        (60, 100, True),  # 50.2 % to 69.1 %, below 80 % - 5 %
        (66, 100, True),  # 56.3 % to 74.5 %
        (67, 100, False),  # 57.3 % to 75.4 %
        (70, 100, False),  # 60.4 % to 78.1 %
        (0, 1, False),  # 0 % to 79.3 %
        (0, 0, False),
    ],
)
def test_accuracy_is_lost_where_that_is_sure(right: int, labelled: int, is_bad: bool) -> None:
    performance_windows = [window(1, "none", right, labelled), window(2, "none", right, labelled)]
    decision = decide_retraining(
        performance_windows,
        test_accuracy=0.8,
        thresholds=AlertThresholds(accuracy_threshold=0.5),
        rule=RULE,
        new_labels=10,
        last_retraining=None,
        now=NOON + 2 * HOUR,
    )
    assert decision.retrain == is_bad


states = st.lists(st.sampled_from(["too_few", "none", "suspected", "confirmed"]), max_size=12)


@given(states=states)
def test_one_bad_window_alone_never_asks_for_a_new_model(states: list[State]) -> None:
    alone: list[State] = ["none" if state == "confirmed" else state for state in states]
    assert not said([*alone, "confirmed"]).retrain


@given(states=states, newest=st.sampled_from(["none", "suspected"]))
def test_a_newest_window_that_is_good_never_asks_for_a_new_model(states: list[State], newest: State) -> None:
    assert not said([*states, newest]).retrain


@given(states=states, bad=st.sampled_from([1, 2, 3, 4]))
def test_who_asks_for_more_bad_windows_retrains_no_more_often(states: list[State], bad: int) -> None:
    strict = said(states, rule=Retraining(windows=4, bad_windows=4, min_new_labels=0))
    loose = said(states, rule=Retraining(windows=4, bad_windows=bad, min_new_labels=0))
    assert loose.retrain or not strict.retrain


@given(states=states, shuffled=st.randoms())
def test_the_order_in_which_windows_are_given_does_not_matter(states: list[State], shuffled: object) -> None:
    windows = [window(hour, state) for hour, state in enumerate(states, start=1)]
    mixed = windows.copy()
    shuffled.shuffle(mixed)  # type: ignore[attr-defined]
    usual = {"test_accuracy": 0.8, "thresholds": AlertThresholds(), "rule": RULE, "new_labels": 10}
    first, second = (
        decide_retraining(some, **usual, last_retraining=None, now=NOON + 20 * HOUR)  # type: ignore[arg-type]
        for some in (windows, mixed)
    )
    assert first == second


def test_the_accuracy_that_is_needed_is_the_stricter_of_two() -> None:
    rule = Retraining(max_accuracy_drop=0.05)
    assert needed_accuracy(0.9, AlertThresholds(), rule) == 0.9 - 0.05
    assert needed_accuracy(0.9, AlertThresholds(accuracy_threshold=0.88), rule) == 0.88


def test_drift_that_cannot_be_confirmed_is_told_for_it_makes_no_window_bad() -> None:
    why = {"domain_classifier": "12 texts in the model's test set, 20 needed"}
    windows = [replace(window(1, "suspected"), left_out=why), replace(window(2, "none"), left_out=why)]
    decision = decide_retraining(
        windows,
        test_accuracy=0.8,
        thresholds=AlertThresholds(),
        rule=RULE,
        new_labels=10,
        last_retraining=None,
        now=NOON + 2 * HOUR,
    )
    assert not decision.retrain
    assert decision.reason.endswith(
        "Drift is suspected in 1 of them and cannot be confirmed: the domain classifier was left out "
        "(12 texts in the model's test set, 20 needed)."
    )


@pytest.mark.parametrize(("wrong", "is_bad"), [(20, False), (60, True)])
def test_a_window_is_bad_where_too_much_was_corrected_though_nothing_was_confirmed(wrong: int, is_bad: bool) -> None:
    quiet = window(1)
    corrected = replace(quiet, performance=replace(quiet.performance, labelled=wrong, wrong=wrong))
    decision = decide_retraining(
        [corrected],
        test_accuracy=0.8,
        thresholds=AlertThresholds(),
        rule=Retraining(windows=1, bad_windows=1, min_new_labels=10),
        new_labels=10,
        last_retraining=None,
        now=NOON + HOUR,
    )
    assert decision.retrain is is_bad
    if is_bad:
        assert "accuracy is lost (at most 40.0%: 60 of 100 texts were corrected; 75.0% is needed)" in decision.reason
