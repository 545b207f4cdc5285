"""Sections on what was asked and by whom it was answered: predictions, feedback, versions, arms, days, windows."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import get_args
from xml.etree.ElementTree import Element

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.monitoring.page.badges import state
from newsdesk.monitoring.page.formatting import LABEL_STATES, RUNNING, moment, percent, with_interval
from newsdesk.monitoring.page.line_chart import line_chart
from newsdesk.monitoring.page.markup import tag
from newsdesk.monitoring.page.tables import Cell, folded, table
from newsdesk.monitoring.page.time_series import Line, Point, TimeSeriesChart
from newsdesk.monitoring.report import LabelState, Performance, Report, Window

_FIGURES = ["predictions", "texts", "accuracy by feedback", "labelled", "estimated accuracy"]


def predictions(report: Report, monitoring: Monitoring) -> Element | None:
    """How much was asked in each window, where there is one."""
    if not report.windows:
        return None

    def points(name: str) -> list[Point]:
        return [
            Point(window.start, getattr(window.performance, name), is_marked=window.end > report.at)
            for window in report.windows
        ]

    return line_chart(
        TimeSeriesChart(
            "Predictions over time",
            "Answers in each window, and how many different texts they were about.",
            timedelta(seconds=monitoring.window),
            [Line("predictions", points("predictions")), Line("different texts", points("texts"), "second")],
            marked=RUNNING,
            mark="aside",
            extra_values=[0.0],
            format_value=lambda value: f"{value:,.0f}",
        )
    )


def labels(report: Report) -> Element | None:
    """What became of feedback, where there is any."""
    if not any(report.labels.values()):
        return None
    names: tuple[LabelState, ...] = get_args(LabelState)
    rows = [[name, f"{report.labels.get(name, 0):,}", LABEL_STATES[name]] for name in names]
    return tag(
        "div",
        table("Texts with feedback, by what became of it", ["label", "texts", "meaning"], rows, (2,)),
        class_="card",
    )


def others(report: Report) -> Element | None:
    """Versions and arms, where there is more than one."""
    tables = []
    if len(report.by_version) > 1:
        tables.append(_performance_table("By version, outside of the shadow", "version", report.by_version))
    if report.by_arm:
        tables.append(_performance_table("By arm of the experiment", "arm", report.by_arm))
    return tag("div", *tables, class_="card") if tables else None


def periods(report: Report) -> Element | None:
    """Days and windows as tables, where there is one."""
    if not report.windows:
        return None
    windows = [*reversed(report.windows)]
    return tag(
        "div",
        _window_table("Days (UTC)", [*reversed(report.days)], report),
        folded(f"All {len(windows):,} windows", _window_table("Windows, newest first", windows, report)),
        class_="card",
    )


def _performance_table(caption: str, heading: str, performances: Mapping[str, Performance]) -> Element:
    rows = [[name, *_figures(performance)] for name, performance in performances.items()]
    return table(caption, [heading, *_FIGURES], rows)


def _window_table(caption: str, windows: Sequence[Window], report: Report) -> Element:
    rows: list[list[Cell]] = [
        [
            moment(window.start) + (" (still running)" if window.end > report.at else ""),
            *_figures(window.performance),
            state(window.state),
        ]
        for window in windows
    ]
    return table(caption, ["from", *_FIGURES, "drift"], rows, words=(6,))


def _figures(performance: Performance) -> list[str]:
    return [
        f"{performance.predictions:,}",
        f"{performance.texts:,}",
        with_interval(performance.accuracy),
        f"{performance.labelled:,} ({percent(performance.coverage)})",
        percent(performance.estimated),
    ]
