"""Sections on drift: its scores over time, and what the newest window that was judged says."""

from datetime import datetime, timedelta
from typing import NamedTuple, get_args
from xml.etree.ElementTree import Element

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.monitoring.page.badges import detected, state
from newsdesk.monitoring.page.formatting import DRIFT_FEATURES, NOTHING, moment, p_value
from newsdesk.monitoring.page.line_chart import line_chart
from newsdesk.monitoring.page.markup import tag
from newsdesk.monitoring.page.tables import table
from newsdesk.monitoring.page.time_series import Level, Line, Point, TimeSeriesChart
from newsdesk.monitoring.page.window_totals import newest_judged
from newsdesk.monitoring.report import DriftFeature, DriftScore, Report, Window


class ScoreScale(NamedTuple):
    """What all charts of scores share, so that they can be compared: from 0 to the highest of all, over all windows."""

    highest: float
    moments: list[datetime]


def scores_over_time(report: Report, monitoring: Monitoring) -> list[Element]:
    """A small chart for each feature that was scored."""
    features: tuple[DriftFeature, ...] = get_args(DriftFeature)
    scored = [feature for feature in features if any(window.score(feature) for window in report.windows)]
    shown = [window for window in report.windows if window.scores]
    scale = ScoreScale(
        max(
            (end for window in shown for score in window.scores for end in (score.score, score.threshold)), default=1.0
        ),
        [window.start for window in shown],
    )
    return [_chart(report, feature, monitoring, scale) for feature in scored]


def newest_report(report: Report) -> Element | None:
    """What changed in the newest window that was judged, where one was."""
    window = newest_judged(report)
    if window is None:
        return None
    note = "Score: Jensen-Shannon distance from the reference, 0 to 1; of the domain classifier its AUC. "
    note += "p-value: how probable so large a difference is by chance."
    return tag("div", tag("p", state(window.state)), _table(window), tag("p", note, class_="note"), class_="card")


def earlier_reports(report: Report) -> list[Element]:
    """The same of each judged window before, newest first, closed until somebody asks."""
    newest = newest_judged(report)
    earlier = [window for window in reversed(report.windows) if window.scores and newest and window.end < newest.end]
    return [
        tag("details", tag("summary", f"{moment(window.start)}: ", state(window.state)), _table(window), class_="card")
        for window in earlier
    ]


def _table(window: Window) -> Element:
    headings = ["what is compared", "score", "threshold", "p-value", "drift", "what changed most"]
    caption = f"{moment(window.start)} to {moment(window.end)}, {window.performance.texts:,} texts"
    rows = [*map(_score_row, window.scores), *(_missing_row(feature, why) for feature, why in window.left_out.items())]
    return table(caption, headings, rows, words=(4, 5))


def _score_row(score: DriftScore) -> list[str | Element]:
    figures = (f"{score.score:.3f}", f"{score.threshold:g}", p_value(score.p_value))
    return [_feature_cell(score.feature), *figures, detected(score.detected), score.detail or NOTHING]


def _missing_row(feature: DriftFeature, why: str) -> list[str | Element]:
    return [_feature_cell(feature), NOTHING, NOTHING, NOTHING, "left out", why]


def _feature_cell(feature: DriftFeature) -> Element:
    name, meaning = DRIFT_FEATURES[feature]
    return tag("span", name, tag("br"), tag("span", meaning, class_="note"))


def _chart(report: Report, feature: DriftFeature, monitoring: Monitoring, scale: ScoreScale) -> Element:
    name, meaning = DRIFT_FEATURES[feature]
    scored = [(window.start, score) for window in report.windows if (score := window.score(feature))]
    return line_chart(
        TimeSeriesChart(
            name.capitalize(),
            meaning[:1].upper() + meaning[1:] + ".",
            timedelta(seconds=monitoring.window),
            [Line("score", [Point(at, score.score, is_marked=score.detected) for at, score in scored])],
            [Level("threshold", scored[-1][1].threshold)],
            marked="drift",
            extra_values=[0.0, scale.highest],
            extra_moments=scale.moments,
            format_value=lambda value: f"{value:.2f}",
        )
    )
