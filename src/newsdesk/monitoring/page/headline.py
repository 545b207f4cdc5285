"""The whole picture in one sentence."""

from dataclasses import dataclass
from typing import Literal

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import BundleManifest
from newsdesk.monitoring.page.formatting import DRIFT_FEATURES, MEASURES, duration, in_measure, listed, moment, percent
from newsdesk.monitoring.page.window_totals import newest_judged, total
from newsdesk.monitoring.report import Report, Window
from newsdesk.monitoring.retraining_decision import needed_accuracy
from newsdesk.monitoring.significance import ENOUGH

_MAX_NAMED = 3  # categories in a sentence
Level = Literal["good", "watch", "bad", "unknown"]


@dataclass(frozen=True)
class Headline:
    """`unknown`: there is nothing to judge by yet."""

    level: Level
    sentence: str


def headline(report: Report, manifest: BundleManifest, monitoring: Monitoring) -> Headline:
    """What matters most, and what to do where it helps."""
    if not report.windows:
        return Headline("unknown", _no_predictions(monitoring))
    if report.decision.retrain:
        return Headline("bad", f"Retraining is advised: {report.decision.reason}")
    window = newest_judged(report)
    worse = _worse_categories(report)
    if window is None and worse:
        return Headline("watch", worse)
    if window is None:
        return Headline("unknown", f"{_performance_so_far(report)} {_why_not_judged(manifest, monitoring)}")
    accuracy, needed = (
        window.performance.accuracy,
        needed_accuracy(report.test_accuracy, monitoring.alert_thresholds, monitoring.retraining),
    )
    ended = f"in the window that ended at {moment(window.end)}"
    if accuracy is not None and accuracy.high < needed:
        figures = f"{percent(accuracy.share)} of {accuracy.of:,} labelled texts, {percent(needed)} is needed"
        return Headline("bad", f"Accuracy is lost {ended}: {figures}.")
    match window.state:
        case "confirmed":
            return Headline("bad", f"Drift confirmed {ended}: {_drifted_features(window)}.")
        case _ if worse:
            return Headline("watch", worse)
        case "suspected":
            why = window.unconfirmable
            more = f" It cannot be confirmed: {why}." if why else ""
            return Headline("watch", f"Drift suspected {ended}: {_drifted_features(window)}.{more}")
        case _:
            accuracy_text = (
                f", accuracy {percent(accuracy.share)} of {accuracy.of:,} labelled texts"
                if accuracy and accuracy.of >= ENOUGH
                else ""
            )
            return Headline("good", f"All well: no drift {ended}{accuracy_text}.")


def what_to_do(report: Report) -> str:
    """The decision and the step after it."""
    if report.decision.retrain:
        return f"{report.decision.reason} Run newsdesk retrain: the new model must pass the same gate."
    return f"No retraining for now: {report.decision.reason} To retrain all the same: newsdesk retrain."


def _performance_so_far(report: Report) -> str:
    """What is known in the first hours: by feedback where there is enough of it, else by what the model promises."""
    overall = total(report.windows)
    if overall.accuracy is not None and overall.accuracy.of >= ENOUGH:
        share = overall.accuracy
        interval = f"{percent(share.low)} to {percent(share.high)}"
        return f"Right in {percent(share.share)} of {share.of:,} reviewed texts ({interval})."
    promised = f", about {percent(overall.estimated, 0)} of them rightly by its confidence" if overall.estimated else ""
    return f"It answered {overall.texts:,} different texts{promised}."


def _worse_categories(report: Report) -> str:
    """The categories; empty where none did."""
    worse = report.change.worse if report.change else ()
    descriptions = [
        f"{each.category} ({MEASURES[each.measure]} {in_measure(each.measure, each.lately.value)}, "
        f"{in_measure(each.measure, each.before.value)} before)"
        for each in worse[:_MAX_NAMED]
    ]
    if len(worse) > _MAX_NAMED:
        descriptions.append(f"{len(worse) - _MAX_NAMED} more")
    return f"Worse since {moment(report.change.since)}: {listed(descriptions)}." if report.change and worse else ""


def _no_predictions(monitoring: Monitoring) -> str:
    looked_at = duration(monitoring.window * monitoring.look_back)
    return f"Nothing to watch yet: the champion made no prediction in the last {looked_at}."


def _why_not_judged(manifest: BundleManifest, monitoring: Monitoring) -> str:
    if manifest.profile is None:
        return "Drift is not judged: the champion has no reference profile. Train anew: newsdesk run."
    return (
        f"Not judged yet: no window of {duration(monitoring.window)} that ended has {monitoring.min_texts:,} texts. "
        "Wait, or set a longer monitoring.window or a smaller monitoring.min_texts in configs/pipeline_config.yaml."
    )


def _drifted_features(window: Window) -> str:
    return listed([DRIFT_FEATURES[score.feature][0] for score in window.scores if score.detected])
