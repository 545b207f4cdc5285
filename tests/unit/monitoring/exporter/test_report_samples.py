from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

from newsdesk.monitoring.exporter.report_samples import report_samples
from newsdesk.monitoring.report import (
    ClassFigures,
    Decision,
    DriftScore,
    LabelState,
    Performance,
    Report,
    State,
    Window,
)
from newsdesk.monitoring.significance import proportion
from tests.unit.monitoring.exporter.exposed import Values, exposed

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
GOOD = Performance(
    predictions=100,
    texts=80,
    estimated=0.84,
    accuracy=proportion(15, 20),
    per_class={
        "sport": ClassFigures(labelled=10, predicted=10, right=8),
        "money": ClassFigures(labelled=10, predicted=9, right=0),
        "war": ClassFigures(labelled=0, predicted=0, right=0),
        "somebody's own": ClassFigures(labelled=1, predicted=0, right=0),
    },
    categories={"sport": 60, "money": 40},
    labelled=20,
    wrong=5,
)
UNKNOWN = Performance(100, 80, None, None, {}, {})
SCORES = (
    DriftScore("confidence", 0.25, threshold=0.1, p_value=0.0001, detected=True),
    DriftScore("domain_classifier", 0.52, threshold=0.6, p_value=0.4, detected=False),
)


def window(hour: int, state: State = "none", scores: tuple[DriftScore, ...] = ()) -> Window:
    start = NOON + timedelta(hours=hour)
    return Window(start, start + timedelta(hours=1), "2", "sha256:ab", replace(GOOD, predictions=hour), scores, state)


REPORT = Report(
    at=NOON + timedelta(hours=3.5),
    version="2",
    digest="sha256:ab",
    test_accuracy=0.9,
    windows=(window(1), window(2, "suspected", SCORES), window(3, "confirmed")),
    days=(),
    by_version={"1": UNKNOWN, "2": GOOD},
    by_arm={"": GOOD, "champion": GOOD, "challenger": UNKNOWN},
    labels={"used": 20, "text_missing": 5, "flood": 3},
    decision=Decision(retrain=True, reason="3 of 6 windows are bad.", bad=3, judged=6, new_labels=120),
)


def told(report: Report = REPORT) -> Values:
    return exposed(report_samples(report, {"sport", "money", "war"}))


def test_accuracy_is_told_by_source_with_its_interval_and_how_much_of_it_is_known() -> None:
    values, live = told(), proportion(15, 20)
    assert live
    assert values["model_accuracy", "live"] == 0.75
    assert values["model_accuracy", "estimated"] == 0.84
    assert (values["model_accuracy_bound", "low"], values["model_accuracy_bound", "high"]) == (live.low, live.high)
    assert values["feedback_coverage_ratio",] == 0.25


def test_accuracy_is_that_of_the_model_in_charge_alone() -> None:
    values = told(replace(REPORT, version="1"))
    assert not [key for key in values if key[0].startswith("model_accuracy")]
    assert values["feedback_coverage_ratio",] == 0


def test_a_category_that_occurred_has_its_f1_even_where_it_was_never_right() -> None:
    values = told()
    assert values["model_class_f1", "sport", "live"] == 0.8
    assert values["model_class_f1", "money", "live"] == 0
    assert ("model_class_f1", "war", "live") not in values


def test_a_category_that_only_editors_name_never_becomes_a_label() -> None:
    assert not [key for key in told() if "somebody's own" in key]


def test_only_arms_with_feedback_have_an_accuracy() -> None:
    assert {key: value for key, value in told().items() if key[0] == "experiment_arm_accuracy"} == {
        ("experiment_arm_accuracy", "champion"): 0.75
    }


def test_every_state_of_labels_is_told() -> None:
    values = told()
    counts = {state: values["feedback_labels", state] for state in get_args(LabelState)}
    assert counts == {"used": 20, "text_missing": 5, "contradicted": 0, "flood": 3, "distrusted": 0}


def test_drift_is_that_of_the_newest_window_that_has_ended() -> None:
    values = told()
    assert (values["drift_score", "confidence"], values["drift_detected", "confidence"]) == (0.25, 1)
    assert (values["drift_score", "domain_classifier"], values["drift_detected", "domain_classifier"]) == (0.52, 0)
    states = {state: values["drift_state", state] for state in ("too_few", "none", "suspected", "confirmed")}
    assert states == {"too_few": 0, "none": 0, "suspected": 1, "confirmed": 0}
    assert values["monitoring_window_predictions",] == 2
    assert values["monitoring_window_end_timestamp_seconds",] == (NOON + timedelta(hours=3)).timestamp()


def test_without_any_window_nothing_is_told_of_drift() -> None:
    values = told(replace(REPORT, windows=(), by_version={}))
    assert not [key for key in values if key[0].startswith(("drift", "monitoring_window"))]
    assert values["retraining_needed",] == 1


def test_whether_to_retrain_is_told() -> None:
    assert told(replace(REPORT, decision=replace(REPORT.decision, retrain=False)))["retraining_needed",] == 0
