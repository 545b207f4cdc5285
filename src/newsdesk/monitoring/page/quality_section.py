"""Sections on how good the answers are: accuracy, confidence, and each category."""

from datetime import timedelta
from xml.etree.ElementTree import Element

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import BundleManifest
from newsdesk.model.reference_profile import SHARE_BINS, ReferenceProfile
from newsdesk.monitoring.page.bar_chart import Bars, bar_chart, shares
from newsdesk.monitoring.page.formatting import RUNNING, TOO_FEW
from newsdesk.monitoring.page.line_chart import line_chart
from newsdesk.monitoring.page.tables import table
from newsdesk.monitoring.page.time_series import Level, Line, Point, TimeSeriesChart
from newsdesk.monitoring.page.window_totals import newest_judged, total
from newsdesk.monitoring.report import Report
from newsdesk.monitoring.retraining_decision import needed_accuracy
from newsdesk.monitoring.significance import ENOUGH


def accuracy(report: Report, monitoring: Monitoring) -> Element | None:
    """Accuracy by feedback and as the model estimates it, beside that on the test set; None where there is neither."""
    by_feedback = [
        Point(window.start, share.share, share.low, share.high, window.end > report.at)
        for window in report.windows
        if (share := window.performance.accuracy)
    ]
    if not by_feedback and not _estimated_points(report):
        return None
    chart = TimeSeriesChart(
        "Accuracy over time",
        "By feedback, with its 95 % interval; estimated: what the calibrated confidence of the model "
        "promises, but no more than corrections leave.",
        timedelta(seconds=monitoring.window),
        [Line("by feedback", by_feedback), Line("estimated", _estimated_points(report), "second")],
        [
            Level("on the test set", report.test_accuracy, "level"),
            Level(
                "lost where surely below",
                needed_accuracy(report.test_accuracy, monitoring.alert_thresholds, monitoring.retraining),
            ),
        ],
        marked=RUNNING,
        mark="aside",
        extra_values=[1.0],
    )
    return line_chart(chart)


def confidence(report: Report, manifest: BundleManifest, monitoring: Monitoring) -> Element | None:
    """The mean confidence of each window, where there is one."""
    if not _confidence_points(report):
        return None
    reference = (
        [Level("on the test set about", _mean_confidence(manifest.profile), "level")] if manifest.profile else []
    )
    least = Level("alert below", monitoring.alert_thresholds.confidence_threshold)
    return line_chart(
        TimeSeriesChart(
            "Confidence over time",
            "How sure the model is of its answers on average: 100 % is certain.",
            timedelta(seconds=monitoring.window),
            [Line("mean confidence", _confidence_points(report))],
            [*reference, least],
            marked=RUNNING,
            mark="aside",
            extra_values=[1.0],
        )
    )


def categories(report: Report, manifest: BundleManifest) -> Element | None:
    """Which categories are predicted now, and which were on the test set; None where nothing was predicted."""
    newest = newest_judged(report) or report.newest or next(reversed(report.windows), None)
    if newest is None or not newest.performance.categories:
        return None
    now = newest.performance.categories
    before = manifest.profile.categories if manifest.profile else {}
    names = sorted(now.keys() | before.keys())
    label = RUNNING if newest.end > report.at else "newest window"
    series = [(label, shares(now, names)), ("reference: the test set", shares(before, names))]
    return bar_chart(
        Bars("Categories now", "What share of the texts is predicted to be of each category.", names, series)
    )


def per_category(report: Report) -> Element | None:
    """F1 of each category by feedback, where there is any: of few texts it would say nothing."""
    figures = {name: each for name, each in total(report.windows).per_class.items() if each.is_known}
    if not any(each.labelled >= ENOUGH for each in figures.values()):
        return None
    rows = [[name, *(f"{count:,}" for count in (f.labelled, f.predicted, f.right))] for name, f in figures.items()]
    bars = Bars(
        "F1 by category",
        f"By feedback, over all windows shown here: 1 is perfect, 0 is never right. Told from {ENOUGH} texts on.",
        list(figures),
        [("F1", [each.f1 if each.labelled >= ENOUGH else None for each in figures.values()])],
        longest=1.0,
        format_value=lambda value: TOO_FEW if value is None else f"{value:.2f}",
    )
    chart = bar_chart(bars)
    chart[-1].append(table("Texts with feedback", ["category", "belong to it", "predicted to be", "both"], rows))
    return chart


def _estimated_points(report: Report) -> list[Point]:
    values = ((window, window.performance.estimated) for window in report.windows)
    return [
        Point(window.start, value, is_marked=window.end > report.at) for window, value in values if value is not None
    ]


def _confidence_points(report: Report) -> list[Point]:
    values = ((window, window.performance.confidence) for window in report.windows)
    return [
        Point(window.start, value, is_marked=window.end > report.at) for window, value in values if value is not None
    ]


def _mean_confidence(profile: ReferenceProfile) -> float:
    """Of the confidence on the test set, by the middles of the bins of its histogram."""
    return sum(count * (i + 0.5) / SHARE_BINS for i, count in enumerate(profile.confidence)) / sum(profile.confidence)
