"""Whether what was acknowledged is there: feedback exactly once, predictions but for those that may be lost."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass

from benchmarks.soak.home import Place
from benchmarks.soak.tally import Tally

_LOST_WITH_A_WORKER = 1.5  # seconds: half a second by the docs, a whole one while SQLite is locked, and some to be told
_FULL = "the disk full"
_KILLED = ("a worker killed", "no room for temporary files")
_CUT = (*_KILLED, "a slow reader")


@dataclass(frozen=True)
class Account:
    """`dropped`: predictions that the server counted as not logged; `lost`: those that went with killed workers."""

    predictions: int
    logged: int
    dropped: int
    missing: int
    lost: int
    feedback: int
    violations: list[str]


def settle(place: Place, tally: Tally, dropped: int) -> Account:
    """Compare what clients saw with what the store holds."""
    with closing(sqlite3.connect(place.home / "newsdesk.db")) as store:
        logged = [key for (key,) in store.execute("SELECT id FROM predictions")]
        said = list(store.execute("SELECT key, category FROM feedback WHERE key IS NOT NULL"))
    missing = tally.predictions.keys() - set(logged)
    lost = {key for key in missing if _died_with(tally, tally.predictions[key])}
    uncounted = missing - lost
    violations = [*tally.wrong, *_wrong_feedback(tally, said)]
    if len(logged) != len(set(logged)):
        violations.append(f"{len(logged) - len(set(logged))} predictions are logged twice")
    if len(uncounted) > dropped:
        violations.append(f"{len(uncounted)} predictions are missing, and {dropped} counted as not logged")
    outside = [key for key in uncounted if not tally.in_window(tally.predictions[key], _FULL)]
    if outside:
        violations.append(f"{len(outside)} predictions are missing that were made while there was room")
    for moment, what in tally.server_errors:
        if not (what == "/feedback: 503 store_unavailable" and tally.in_window(moment, _FULL)):
            violations.append(f"{what}, not while the disk was full")
    violations += [
        f"{what} was not answered, though no worker was killed"
        for moment, what in tally.unanswered
        if not tally.in_window(moment, *_CUT)
    ]
    return Account(
        len(tally.predictions), len(logged), dropped, len(missing), len(lost), len(tally.feedback), violations
    )


def _died_with(tally: Tally, moment: float) -> bool:
    return any(
        window.fault in _KILLED and window.begun - _LOST_WITH_A_WORKER <= moment <= window.begun + _LOST_WITH_A_WORKER
        for window in tally.windows
    )


def _wrong_feedback(tally: Tally, said: list[tuple[str, str]]) -> list[str]:
    counts, categories = Counter(key for key, _ in said), dict(said)
    found = [f"feedback {key!r} is there {counts[key]} times" for key in tally.feedback if counts[key] != 1]
    return found + [
        f"feedback {key!r} says {categories[key]!r}"
        for key, category in tally.feedback.items()
        if categories.get(key, category) != category
    ]
