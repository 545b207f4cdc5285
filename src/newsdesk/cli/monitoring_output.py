"""Print what a monitoring pass found."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from newsdesk.cli.labels import labels_as_dict, print_labels
from newsdesk.cli.quality_change import change_as_dict, print_change
from newsdesk.cli.tables import print_table, styled, table_of, wide_console
from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import BundleManifest
from newsdesk.monitoring.misclassified_texts import MisclassifiedTexts
from newsdesk.monitoring.page.formatting import (
    DRIFT_FEATURES,
    NOTHING,
    STATES,
    duration,
    moment,
    p_value,
    percent,
    short_moment,
    with_interval,
)
from newsdesk.monitoring.page.headline import headline, what_to_do
from newsdesk.monitoring.page.window_totals import newest_judged, total
from newsdesk.monitoring.report import Performance, Report, Window

_DAY = 86_400  # seconds
_NEWEST = 12  # windows that people see; the others are in --json and --html
_COLOURS = {"good": "green", "watch": "yellow", "bad": "red", "unknown": "bold"}


def print_tables(
    report: Report, manifest: BundleManifest, monitoring: Monitoring, examples: MisclassifiedTexts
) -> None:
    """For people."""
    console = wide_console()
    summary = headline(report, manifest, monitoring)
    console.print(styled("\n", (summary.sentence, _COLOURS[summary.level]), "\n"), soft_wrap=True)
    _print_champion(console, report, manifest)
    print_change(console, report.change, examples)
    _print_drift(console, report)
    newest = [*reversed(report.windows)][:_NEWEST]
    count = f"{len(newest)} of {len(report.windows)} windows of {duration(monitoring.window)} with predictions"
    _print_windows(console, f"Newest {count}", newest, report)
    if len(report.days) > 1 and monitoring.window < _DAY:
        _print_windows(console, "Days (UTC)", [*reversed(report.days)], report)
    if len(report.by_version) > 1:
        _print_performances(console, "By version, outside of the shadow", "version", report.by_version)
    if report.by_arm:
        _print_performances(console, "By arm of the experiment", "arm", report.by_arm)
    print_labels(console, report.labels, report.distrusted)
    if report.windows:
        console.print(what_to_do(report), soft_wrap=True)


def print_json(report: Report, manifest: BundleManifest, monitoring: Monitoring, examples: MisclassifiedTexts) -> None:
    """For machines: moments as ISO 8601, shares from 0 to 1."""
    newest = newest_judged(report)
    result = {
        "at": report.at.isoformat(),
        "headline": asdict(headline(report, manifest, monitoring)),
        "decision": asdict(report.decision),
        "version": report.version,
        "digest": report.digest,
        "test_accuracy": report.test_accuracy,
        "total": _as_json(total(report.windows)),
        "change": change_as_dict(report.change, examples),
        "newest_judged": None if newest is None else _window(newest, report),
        "windows": [_window(window, report) for window in report.windows],
        "days": [_window(day, report) for day in report.days],
        "by_version": {name: _as_json(result) for name, result in report.by_version.items()},
        "by_arm": {name: _as_json(result) for name, result in report.by_arm.items()},
        **labels_as_dict(report.labels, report.distrusted),
    }
    print(json.dumps(result, indent=2))


def _window(window: Window, report: Report) -> dict[str, Any]:
    return {
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "is_complete": window.end <= report.at,
        "version": window.version,
        "digest": window.digest,
        "state": window.state,
        **_as_json(window.performance),
        "scores": [asdict(score) for score in window.scores],
        "left_out": dict(window.left_out),
    }


def _as_json(performance: Performance) -> dict[str, Any]:
    per_class = {name: asdict(scores) | {"f1": scores.f1} for name, scores in performance.per_class.items()}
    at_most = performance.at_most and asdict(performance.at_most)
    more = {"at_most": at_most, "coverage": performance.coverage, "per_class": per_class}
    return asdict(performance) | more


def _print_champion(console: Console, report: Report, manifest: BundleManifest) -> None:
    overall = total(report.windows)
    rows = [
        ("accuracy by feedback (95 % interval)", with_interval(overall.accuracy)),
        ("at most, by texts corrected", percent(overall.at_most.share) if overall.at_most else NOTHING),
        ("texts with feedback", f"{overall.labelled:,} of {overall.texts:,} ({percent(overall.coverage)})"),
        ("estimated accuracy", percent(overall.estimated)),
        ("test accuracy", percent(report.test_accuracy)),
        ("new labels", f"{report.decision.new_labels:,}"),
    ]
    table = _table(["", ""], words=1)
    for row in rows:
        table.add_row(*row)
    table.show_header = False
    print_table(console, f"Champion: version {report.version}, {manifest.model_name}", table)


def _print_drift(console: Console, report: Report) -> None:
    window = newest_judged(report)
    if window is None:
        return
    table = _table(["compared", "score", "threshold", "p-value"], words=1)
    for heading in ("drift", "what changed most"):
        table.add_column(heading)
    for score in window.scores:
        figures = (f"{score.score:.3f}", f"{score.threshold:g}", p_value(score.p_value))
        words = (styled(("drift", "red")) if score.detected else "no", score.detail or NOTHING)
        table.add_row(DRIFT_FEATURES[score.feature][0], *figures, *words)
    for feature, reason in window.left_out.items():
        table.add_row(DRIFT_FEATURES[feature][0], NOTHING, NOTHING, NOTHING, "left out", reason)
    title = f"Newest judged window, {moment(window.start)} to {moment(window.end)}: {STATES[window.state]}"
    print_table(console, title, table)


def _print_windows(console: Console, title: str, windows: Sequence[Window], report: Report) -> None:
    if not windows:
        return
    table = _performance_table("from")
    table.add_column("state")
    for window in windows:
        running = " (still running)" if window.end > report.at else ""
        table.add_row(short_moment(window.start), *_figures(window.performance), STATES[window.state] + running)
    print_table(console, title, table)


def _print_performances(console: Console, title: str, heading: str, performances: Mapping[str, Performance]) -> None:
    table = _performance_table(heading)
    for name, performance in performances.items():
        table.add_row(name, *_figures(performance))
    print_table(console, title, table)


def _performance_table(heading: str) -> Table:
    return _table([heading, "texts", "accuracy\n(95 % interval)", "labelled", "estimated"], words=1)


def _figures(performance: Performance) -> list[str]:
    return [
        f"{performance.texts:,}",
        with_interval(performance.accuracy, digits=0),
        f"{performance.labelled:,}",
        percent(performance.estimated),
    ]


def _table(headings: Sequence[str], words: int) -> Table:
    """The first `words` columns hold words, the others figures."""
    table = table_of()
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i < words else "right", no_wrap=True)
    return table
