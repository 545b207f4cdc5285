"""The whole picture in one sentence."""

from dataclasses import dataclass
from typing import Literal

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import BundleManifest
from newsdesk.monitoring.page.formatting import FEATURES, MEASURES, duration, in_measure, listed, moment, percent
from newsdesk.monitoring.page.window_totals import newest_judged, total
from newsdesk.monitoring.report import Report, Window
from newsdesk.monitoring.retraining_decision import needed_accuracy
from newsdesk.monitoring.significance import ENOUGH

_NAMED = 3  # categories in a sentence
Level = Literal["good", "watch", "bad", "unknown"]


@dataclass(frozen=True)
class Headline:
    """`unknown`: there is nothing to judge by yet."""

    level: Level
    sentence: str


def headline(report: Report, manifest: BundleManifest, monitoring: Monitoring) -> Headline:
    """What matters most, and what to do where it helps."""
    if not report.windows:
        return Headline("unknown", _nothing_yet(monitoring))
    if report.decision.retrain:
        return Headline("bad", f"Retraining is advised: {report.decision.reason}")
    window = newest_judged(report)
    worse = _got_worse(report)
    if window is None and worse:
        return Headline("watch", worse)
    if window is None:
        return Headline("unknown", f"{_how_it_does(report)} {_not_judged(manifest, monitoring)}")
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
            return Headline("bad", f"Drift confirmed {ended}: {_detected(window)}.")
        case _ if worse:
            return Headline("watch", worse)
        case "suspected":
            why = window.unconfirmable
            more = f" It cannot be confirmed: {why}." if why else ""
            return Headline("watch", f"Drift suspected {ended}: {_detected(window)}.{more}")
        case _:
            known = (
                f", accuracy {percent(accuracy.share)} of {accuracy.of:,} labelled texts"
                if accuracy and accuracy.of >= ENOUGH
                else ""
            )
            return Headline("good", f"All well: no drift {ended}{known}.")


def what_to_do(report: Report) -> str:
    """The decision and the step after it."""
    if report.decision.retrain:
        return f"{report.decision.reason} Run newsdesk retrain: the new model must pass the same gate."
    return f"No retraining for now: {report.decision.reason} To retrain all the same: newsdesk retrain."


def _how_it_does(report: Report) -> str:
    """What is known in the first hours: by feedback where there is enough of it, else by what the model promises."""
    whole = total(report.windows)
    if whole.accuracy is not None and whole.accuracy.of >= ENOUGH:
        share = whole.accuracy
        sure = f"{percent(share.low)} to {percent(share.high)}"
        return f"Right in {percent(share.share)} of {share.of:,} reviewed texts ({sure})."
    promised = f", about {percent(whole.estimated, 0)} of them rightly by its confidence" if whole.estimated else ""
    return f"It answered {whole.texts:,} different texts{promised}."


def _got_worse(report: Report) -> str:
    """The categories; empty where none did."""
    worse = report.change.worse if report.change else ()
    named = [
        f"{each.category} ({MEASURES[each.measure]} {in_measure(each.measure, each.lately.value)}, "
        f"{in_measure(each.measure, each.before.value)} before)"
        for each in worse[:_NAMED]
    ]
    if len(worse) > _NAMED:
        named.append(f"{len(worse) - _NAMED} more")
    return f"Worse since {moment(report.change.since)}: {listed(named)}." if report.change and worse else ""


def _nothing_yet(monitoring: Monitoring) -> str:
    looked_at = duration(monitoring.window * monitoring.look_back)
    return f"Nothing to watch yet: the champion made no prediction in the last {looked_at}."


def _not_judged(manifest: BundleManifest, monitoring: Monitoring) -> str:
    if manifest.profile is None:
        return "Drift is not judged: the champion has no reference profile. Train anew: newsdesk run."
    return (
        f"Not judged yet: no window of {duration(monitoring.window)} that ended has {monitoring.min_texts:,} texts. "
        "Wait, or set a longer monitoring.window or a smaller monitoring.min_texts in configs/pipeline_config.yaml."
    )


def _detected(window: Window) -> str:
    return listed([FEATURES[score.feature][0] for score in window.scores if score.detected])
