"""Sections on how good the answers are: accuracy, confidence, and each category."""

from collections.abc import Sequence
from datetime import timedelta
from xml.etree.ElementTree import Element

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import Manifest
from newsdesk.model.profile import SHARE_BINS, Profile
from newsdesk.monitoring.decision import needed_accuracy
from newsdesk.monitoring.page.bars import Bars, bar_chart, shares
from newsdesk.monitoring.page.chart import Chart, Level, Line, Point
from newsdesk.monitoring.page.lines import line_chart
from newsdesk.monitoring.page.markup import tag
from newsdesk.monitoring.page.tables import table
from newsdesk.monitoring.page.totals import newest_judged, total
from newsdesk.monitoring.page.wording import NOTHING, percent
from newsdesk.monitoring.report import Report, Window

_NAMED = 5  # categories in a sentence


def accuracy(report: Report, monitoring: Monitoring) -> Element:
    """Accuracy by feedback and as the model estimates it, beside that on the test set."""
    by_feedback = [
        Point(window.end, share.share, share.low, share.high)
        for window in report.windows
        if (share := window.performance.accuracy)
    ]
    chart = Chart(
        "Accuracy over time",
        "By feedback, with its 95 % interval; estimated: what the calibrated confidence of the model "
        "promises, but no more than corrections leave.",
        timedelta(seconds=monitoring.window),
        [Line("by feedback", by_feedback), Line("estimated", _estimated(report.windows), "second")],
        [
            Level("on the test set", report.test_accuracy, "level"),
            Level(
                "lost where surely below",
                needed_accuracy(report.test_accuracy, monitoring.alert_thresholds, monitoring.retraining),
            ),
        ],
        at_least=[1.0],
    )
    return line_chart(chart)


def confidence(report: Report, manifest: Manifest, monitoring: Monitoring) -> Element:
    """The mean confidence of each window."""
    reference = [Level("on the test set about", _mean(manifest.profile), "level")] if manifest.profile else []
    least = Level("alert below", monitoring.alert_thresholds.confidence_threshold)
    return line_chart(
        Chart(
            "Confidence over time",
            "How sure the model is of its answers on average: 100 % is certain.",
            timedelta(seconds=monitoring.window),
            [Line("mean confidence", _confidence(report.windows))],
            [*reference, least],
            at_least=[1.0],
        )
    )


def categories(report: Report, manifest: Manifest) -> Element:
    """Which categories are predicted now, and which were on the test set."""
    newest = newest_judged(report) or report.newest
    now = newest.performance.categories if newest else {}
    before = manifest.profile.categories if manifest.profile else {}
    names = sorted(now.keys() | before.keys()) if newest else []
    series = [("newest window", shares(now, names)), ("reference: the test set", shares(before, names))]
    return bar_chart(
        Bars("Categories now", "What share of the texts is predicted to be of each category.", names, series)
    )


def per_category(report: Report) -> Element:
    """F1 of each category by feedback."""
    figures = total(report.windows).per_class
    new = [name for name, found in figures.items() if not found.is_known]
    rows = [[name, *(f"{count:,}" for count in (f.labelled, f.predicted, f.right))] for name, f in figures.items()]
    bars = Bars(
        "F1 by category",
        "By feedback, over all windows shown here: 1 is perfect, 0 is never right." + _about_new(new),
        list(figures),
        [("F1", [each.f1 for each in figures.values()])],
        longest=1.0,
        say=lambda value: NOTHING if value is None else f"{value:.3f}",
    )
    chart = bar_chart(bars)
    if rows:
        chart[-1].append(table("Texts with feedback", ["category", "belong to it", "predicted to be", "both"], rows))
    return chart


def _about_new(categories: Sequence[str]) -> str:
    """Of categories that editors named and the model does not know."""
    if not categories:
        return ""
    named = ", ".join(categories[:_NAMED]) + (" and more" if len(categories) > _NAMED else "")
    return f" The model does not know {named}: it cannot be right there, and learns them by a retraining."


def notes(report: Report) -> Element | None:
    """Why there is no accuracy, where there is none."""
    whole = total(report.windows)
    if whole.accuracy is not None:
        return None
    sentence = "No prediction shown here has usable feedback yet. Editors give it with POST /feedback."
    if whole.at_most:
        sentence = (
            f"Editors corrected {whole.wrong:,} of {whole.texts:,} texts and confirmed hardly any: the accuracy is at "
            f"most {percent(whole.at_most.share)}. How high it is can be told once they confirm right answers, too."
        )
    return tag("p", sentence, class_="note")


def _estimated(windows: Sequence[Window]) -> list[Point]:
    return [
        Point(window.end, window.performance.estimated)
        for window in windows
        if window.performance.estimated is not None
    ]


def _confidence(windows: Sequence[Window]) -> list[Point]:
    return [
        Point(window.end, window.performance.confidence)
        for window in windows
        if window.performance.confidence is not None
    ]


def _mean(profile: Profile) -> float:
    """Of the confidence on the test set, by the middles of the bins of its histogram."""
    return sum(count * (i + 0.5) / SHARE_BINS for i, count in enumerate(profile.confidence)) / sum(profile.confidence)
