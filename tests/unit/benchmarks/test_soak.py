"""What a soak calls a loss, and what growth."""

import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks.soak.accounts import Account, settle
from benchmarks.soak.home import Place
from benchmarks.soak.outcome import Outcome, outcome_from_json
from benchmarks.soak.samples import MIB, Sample, trends
from benchmarks.soak.tally import Tally, Window

FULL, KILLED = Window("the disk full", 100.0, 110.0), Window("a worker killed", 200.0, 203.0)
SAMPLE = Sample(0.0, 300 * MIB, 100 * MIB, 90, 45, 20, 10, 6 * MIB, MIB, 0, 16 * MIB)


def settled(
    folder: Path, tally: Tally, predictions: list[str], feedback: list[tuple[str, str]], dropped: int = 0
) -> Account:
    place = Place(folder, has_disks=True)
    place.home.mkdir()
    with closing(sqlite3.connect(place.home / "newsdesk.db")) as store:
        store.execute("CREATE TABLE predictions (id)")
        store.execute("CREATE TABLE feedback (key, category)")
        store.executemany("INSERT INTO predictions VALUES (?)", [(key,) for key in predictions])
        store.executemany("INSERT INTO feedback VALUES (?, ?)", feedback)
        store.commit()
    return settle(place, tally, dropped)


def tally(**seen: object) -> Tally:
    return replace(Tally(windows=[FULL, KILLED]), **seen)  # type: ignore[arg-type]


def test_what_is_there_once_is_all_right(tmp_path: Path) -> None:
    seen = tally(predictions={"p": 5.0}, feedback={"k": "sports"})
    account = settled(tmp_path, seen, ["p", "of a cut connection"], [("k", "sports")])
    assert account == Account(1, 2, 0, 0, 0, 1, [])


@pytest.mark.parametrize(
    ("feedback", "told"),
    [
        ([], "feedback 'k' is there 0 times"),
        ([("k", "sports")] * 2, "feedback 'k' is there 2 times"),
        ([("k", "politics")], "feedback 'k' says 'politics'"),
    ],
)
def test_feedback_that_is_not_there_exactly_once_is_told(
    tmp_path: Path, feedback: list[tuple[str, str]], told: str
) -> None:
    assert settled(tmp_path, tally(feedback={"k": "sports"}), [], feedback).violations == [told]


@pytest.mark.parametrize(
    ("moment", "dropped", "violations"),
    [
        (105.0, 1, 0),  # while the disk was full, and counted
        (105.0, 0, 1),  # not counted
        (50.0, 1, 1),  # counted, but there was room
        (199.5, 0, 0),  # the last second of a killed worker
        (190.0, 0, 2),
    ],
)
def test_a_prediction_may_be_missing_for_a_documented_reason_only(
    tmp_path: Path, moment: float, dropped: int, violations: int
) -> None:
    account = settled(tmp_path, tally(predictions={"p": moment}), [], [], dropped)
    assert len(account.violations) == violations
    assert account.missing == 1


@pytest.mark.parametrize(
    ("moment", "what", "is_allowed"),
    [
        (105.0, "/feedback: 503 store_unavailable", True),
        (50.0, "/feedback: 503 store_unavailable", False),
        (105.0, "/predict: 503 busy", False),
        (105.0, "/predict: 500 internal_error", False),
    ],
)
def test_a_server_error_is_allowed_for_feedback_while_the_disk_is_full(
    tmp_path: Path, moment: float, what: str, is_allowed: bool
) -> None:
    account = settled(tmp_path, tally(server_errors=[(moment, what)]), [], [])
    assert (account.violations == []) == is_allowed


@pytest.mark.parametrize(("moment", "is_allowed"), [(201.0, True), (50.0, False)])
def test_a_connection_may_break_where_a_worker_was_killed(tmp_path: Path, moment: float, is_allowed: bool) -> None:
    account = settled(tmp_path, tally(unanswered=[(moment, "/predict")]), [], [])
    assert (account.violations == []) == is_allowed


def samples(growth: int, first_half: int = 0) -> list[Sample]:
    """An hour: bytes that the worker grows by in the second half, and in the first."""
    found = [replace(SAMPLE, second=10.0 * n) for n in range(360)]
    return [
        replace(
            one,
            memory_of_oldest=100 * MIB + min(n, 180) * first_half // 180 + max(n - 180, 0) * growth // 180,
            descriptors=90 + n % 7,
        )
        for n, one in enumerate(found)
    ]


def test_what_warms_up_and_what_swings_is_flat_and_what_goes_on_to_grow_is_not() -> None:
    assert all(trend.is_flat for trend in trends(samples(0, first_half=200 * MIB)))
    (grown,) = [trend for trend in trends(samples(20 * MIB)) if not trend.is_flat]
    assert grown.name == "memory of the worker that lived through it"
    assert grown.growth == pytest.approx(20 * MIB, rel=0.02)


def test_growth_is_told_of_long_runs_only_and_losses_of_all() -> None:
    account = Account(1, 0, 0, 1, 0, 0, ["1 prediction is missing"])
    outcome = Outcome(30, True, 1.0, samples(20 * MIB), [], account, {}, {}, {}, 0)
    assert len(outcome.violations) == 2
    assert replace(outcome, minutes=1).violations == account.violations
    assert outcome_from_json(asdict(outcome)) == outcome
