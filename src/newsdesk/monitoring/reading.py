"""Read what the monitoring passes found out of the store: no prediction is looked at again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import Manifest
from newsdesk.monitoring.decision import ATTEMPTED, decide
from newsdesk.monitoring.report import DriftScore, Performance, Report, State, Window
from newsdesk.monitoring.tally import Tally
from newsdesk.monitoring.windows import window_starts
from newsdesk.store.pipeline_runs import newest_run
from newsdesk.store.records import Arm
from newsdesk.store.windows import StoredWindow, read_windows

OF_CHAMPION: tuple[Arm | str, ...] = ("", "champion")  # arms in which the champion answers, and is heard
_WORST_LAST: tuple[State, ...] = ("too_few", "none", "suspected", "confirmed")


def read_report(
    store: Engine, version: str, manifest: Manifest, monitoring: Monitoring, now: datetime
) -> Report | None:
    """The picture of the champion, `version` with `manifest`, as of its last pass; None where there was no pass yet."""
    last_pass = newest_run(store, "monitor", "succeeded")
    if last_pass is None:
        return None
    since = window_starts(now, monitoring.window, monitoring.look_back)[0]
    stored = read_windows(store, since, monitoring.window)
    windows = _windows_of(manifest.digest, stored)
    retrained = newest_run(store, "retrain", *ATTEMPTED)
    decision = decide(
        windows,
        test_accuracy=manifest.metrics["accuracy"],
        thresholds=monitoring.alert_thresholds,
        rule=monitoring.retraining,
        new_labels=last_pass.detail["new_labels"],
        last_retraining=retrained.ended_at if retrained else None,
        now=now,
    )
    return Report(
        at=last_pass.ended_at,
        version=version,
        digest=manifest.digest,
        test_accuracy=manifest.metrics["accuracy"],
        windows=tuple(windows),
        days=tuple(_days(windows, stored, manifest.digest)),
        by_version=_performances((row.version, row) for row in stored if row.arm != "shadow"),
        by_arm=_performances((row.arm, row) for row in stored if row.arm),
        labels=last_pass.detail["labels"],
        decision=decision,
        distrusted=tuple(last_pass.detail["distrusted"]),
    )


def scores_to_json(scores: Iterable[DriftScore]) -> list[dict[str, Any]]:
    """The scores, such that JSON can hold them."""
    return [vars(score) for score in scores]


def _windows_of(digest: str, stored: Sequence[StoredWindow]) -> list[Window]:
    found = []
    for start, rows in _by_start(digest, stored).items():
        scores = tuple(DriftScore(**score) for score in rows[0].scores)
        state: State = rows[0].state  # type: ignore[assignment]
        end = start + timedelta(seconds=rows[0].seconds)
        found.append(Window(start, end, rows[0].version, digest, _sum(rows).performance(), scores, state))
    return found


def _days(windows: Sequence[Window], stored: Sequence[StoredWindow], digest: str) -> list[Window]:
    """Windows of a day in UTC, as bad as the worst in them."""
    rows_of: dict[datetime, list[StoredWindow]] = defaultdict(list)
    for start, rows in _by_start(digest, stored).items():
        rows_of[_midnight(start)] += rows
    days = []
    for day, rows in rows_of.items():
        states = [window.state for window in windows if _midnight(window.start) == day]
        worst = max(states, key=_WORST_LAST.index)
        end = day + timedelta(days=1)
        days.append(Window(day, end, rows[-1].version, digest, _sum(rows).performance(), (), worst))
    return days


def _by_start(digest: str, stored: Sequence[StoredWindow]) -> dict[datetime, list[StoredWindow]]:
    by_start: dict[datetime, list[StoredWindow]] = defaultdict(list)
    for row in stored:
        if row.digest == digest and row.arm in OF_CHAMPION:
            by_start[row.start].append(row)
    return by_start


def _performances(named: Iterable[tuple[str, StoredWindow]]) -> Mapping[str, Performance]:
    rows_of: dict[str, list[StoredWindow]] = defaultdict(list)
    for name, row in named:
        rows_of[name].append(row)
    return {name: _sum(rows).performance() for name, rows in sorted(rows_of.items())}


def _sum(rows: Sequence[StoredWindow]) -> Tally:
    return sum((Tally.from_json(row.tally) for row in rows), start=Tally())


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
