"""Read what the monitoring passes found out of the store: no prediction is looked at again."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Engine

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import BundleManifest
from newsdesk.monitoring.missing_scores import missing_scores
from newsdesk.monitoring.quality_change import quality_change
from newsdesk.monitoring.report import DriftScore, Performance, Report, State, Window
from newsdesk.monitoring.retraining_decision import ATTEMPTED, decide_retraining
from newsdesk.monitoring.window_counts import WindowCounts
from newsdesk.monitoring.windows import window_starts
from newsdesk.store.pipeline_runs import newest_run
from newsdesk.store.records import Arm
from newsdesk.store.windows import StoredWindow, read_windows

Key = TypeVar("Key", bound=Hashable)

OF_CHAMPION: tuple[Arm | str, ...] = ("", "champion")  # arms in which the champion answers, and is heard
_WORST_LAST: tuple[State, ...] = ("too_few", "none", "suspected", "confirmed")


class _WindowRow(NamedTuple):
    """A window as it is stored, and its counts."""

    stored: StoredWindow
    counts: WindowCounts


def read_report(
    store: Engine, version: str, manifest: BundleManifest, monitoring: Monitoring, now: datetime
) -> Report | None:
    """The picture of the champion, `version` with `manifest`, as of its last pass; None where there was no pass yet."""
    last_pass = newest_run(store, "monitor", "succeeded")
    if last_pass is None:
        return None
    since = window_starts(now, monitoring.window, monitoring.look_back)[0]
    rows = [_WindowRow(row, WindowCounts.from_json(row.tally)) for row in read_windows(store, since, monitoring.window)]
    champion_rows = [row for row in rows if row.stored.digest == manifest.digest and row.stored.arm in OF_CHAMPION]
    windows = _build_windows(champion_rows, manifest, monitoring.min_texts)
    counts_by_start = {start: _sum(group) for start, group in _group_rows(champion_rows, lambda row: row.start).items()}
    retrained = newest_run(store, "retrain", *ATTEMPTED)
    decision = decide_retraining(
        windows,
        test_accuracy=manifest.metrics["accuracy"],
        thresholds=monitoring.alert_thresholds,
        rule=monitoring.retraining,
        new_labels=last_pass.detail["new_labels"],
        new_without_text=last_pass.detail.get("new_without_text", 0),  # earlier versions did not tell
        last_retraining=retrained.ended_at if retrained else None,
        now=now,
    )
    return Report(
        at=last_pass.ended_at,
        version=version,
        digest=manifest.digest,
        test_accuracy=manifest.metrics["accuracy"],
        windows=tuple(windows),
        days=tuple(_days(windows, champion_rows, manifest.classes)),
        by_version=_performances(
            [row for row in rows if row.stored.arm != "shadow"], lambda row: row.version, manifest.classes
        ),
        by_arm=_performances([row for row in rows if row.stored.arm], lambda row: row.arm, manifest.classes),
        labels=last_pass.detail["labels"],
        decision=decision,
        distrusted=tuple(last_pass.detail["distrusted"]),
        change=quality_change(counts_by_start, manifest.classes),
    )


def scores_to_json(scores: Iterable[DriftScore]) -> list[dict[str, Any]]:
    """The scores, such that JSON can hold them."""
    return [vars(score) for score in scores]


def _build_windows(champion_rows: Sequence[_WindowRow], manifest: BundleManifest, min_texts: int) -> list[Window]:
    windows = []
    for start, rows in _group_rows(champion_rows, lambda row: row.start).items():
        first = rows[0].stored
        scores = tuple(DriftScore(**score) for score in first.scores)
        state: State = first.state  # type: ignore[assignment]
        end = start + timedelta(seconds=first.seconds)
        missing = {}
        if scores and manifest.profile:
            missing = missing_scores([score.feature for score in scores], _sum(rows), manifest.profile, min_texts)
        windows.append(
            Window(
                start, end, first.version, first.digest, _performance(rows, manifest.classes), scores, state, missing
            )
        )
    return windows


def _days(windows: Sequence[Window], champion_rows: Sequence[_WindowRow], classes: Collection[str]) -> list[Window]:
    """Windows of a day in UTC, as bad as the worst in them."""
    days = []
    for day, rows in _group_rows(champion_rows, lambda row: _midnight(row.start)).items():
        states = [window.state for window in windows if _midnight(window.start) == day]
        worst = max(states, key=_WORST_LAST.index)
        newest = rows[-1].stored
        end = day + timedelta(days=1)
        days.append(Window(day, end, newest.version, newest.digest, _performance(rows, classes), (), worst))
    return days


def _performances(
    rows: Sequence[_WindowRow], name: Callable[[StoredWindow], str], classes: Collection[str]
) -> Mapping[str, Performance]:
    return {key: _performance(group, classes) for key, group in sorted(_group_rows(rows, name).items())}


def _group_rows(rows: Sequence[_WindowRow], key: Callable[[StoredWindow], Key]) -> dict[Key, list[_WindowRow]]:
    groups: dict[Key, list[_WindowRow]] = defaultdict(list)
    for row in rows:
        groups[key(row.stored)].append(row)
    return groups


def _performance(rows: Sequence[_WindowRow], classes: Collection[str]) -> Performance:
    return _sum(rows).performance(classes)


def _sum(rows: Sequence[_WindowRow]) -> WindowCounts:
    return sum((row.counts for row in rows), start=WindowCounts())


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
