import pytest

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.monitoring.page.headline import headline, what_to_do
from newsdesk.monitoring.report import Decision, Report
from tests.unit.monitoring.page.reports import manifest, performance, report, score, window

ADVISED = Decision(True, "3 of the newest 6 judged windows are bad; there are 120 new labels.", 3, 6, 120)


@pytest.mark.parametrize(
    ("found", "level", "sentence"),
    [
        (
            report(window(2, "confirmed"), window(1)),
            "good",
            "All well: no drift in the window that ended at 2026-03-04 11:00 UTC, accuracy 90.0% of 50 labelled texts.",
        ),
        (
            report(window(1, performance=performance(0, 0))),
            "good",
            "All well: no drift in the window that ended at 2026-03-04 11:00 UTC.",
        ),
        (
            report(window(1, "suspected")),
            "watch",
            "Drift suspected in the window that ended at 2026-03-04 11:00 UTC: top terms.",
        ),
        (
            report(window(1, "suspected", left_out={"domain_classifier": "12 texts in the test set, 20 needed"})),
            "watch",
            "Drift suspected in the window that ended at 2026-03-04 11:00 UTC: top terms. It cannot be confirmed: the "
            "domain classifier was left out (12 texts in the test set, 20 needed).",
        ),
        (
            report(
                window(
                    1,
                    "confirmed",
                    scores=(
                        score(),
                        score(feature="category_mix"),
                        score(feature="language", detected=False),
                        score(feature="domain_classifier"),
                    ),
                )
            ),
            "bad",
            "Drift confirmed in the window that ended at 2026-03-04 11:00 UTC: top terms, category mix and domain "
            "classifier.",
        ),
        (
            report(window(1, "confirmed", performance=performance(20, 50))),
            "bad",
            "Accuracy is lost in the window that ended at 2026-03-04 11:00 UTC: 40.0% of 50 labelled texts, 85.0% is "
            "needed.",
        ),
        (
            report(window(1, "confirmed"), decision=ADVISED),
            "bad",
            "Retraining is advised: 3 of the newest 6 judged windows are bad; there are 120 new labels.",
        ),
        (report(), "unknown", "Nothing to watch yet: the champion made no prediction in the last 2 days."),
    ],
)
def test_the_worst_news_comes_first(found: Report, level: str, sentence: str) -> None:
    said = headline(found, manifest(), Monitoring())
    assert (said.level, said.sentence) == (level, sentence)


def test_too_few_texts_name_the_settings_that_would_help() -> None:
    said = headline(report(window(1, "too_few")), manifest(), Monitoring())
    assert said.level == "unknown"
    assert "no window of 1 hour that ended has 100 texts" in said.sentence
    assert "monitoring.window" in said.sentence
    assert "monitoring.min_texts" in said.sentence


def test_a_window_that_still_runs_is_not_judged() -> None:
    assert headline(report(window(-1, "confirmed")), manifest(), Monitoring()).level == "unknown"


def test_a_champion_without_a_reference_must_be_trained_anew() -> None:
    said = headline(report(window(1, "too_few")), manifest(has_profile=False), Monitoring())
    assert said.sentence.endswith("Train anew: newsdesk run.")


def test_the_decision_names_the_command() -> None:
    assert what_to_do(report(window(1), decision=ADVISED)) == (
        "3 of the newest 6 judged windows are bad; there are 120 new labels. Run newsdesk retrain: the new model must "
        "pass the same gate."
    )
    assert what_to_do(report(window(1))).startswith("No retraining for now: 0 of the newest 6")
