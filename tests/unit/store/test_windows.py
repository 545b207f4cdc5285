from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from newsdesk.store.windows import StoredWindow, read_windows, save_windows
from tests.unit.store.rows import NOON, store_in

HOUR = 3600
WINDOW = StoredWindow(
    start=NOON,
    seconds=HOUR,
    digest="sha256:ab",
    arm="",
    version="1",
    tally={"predictions": 7, "judged": {"sport": {"sport": 2}}},
    scores=[{"feature": "confidence", "score": 0.25}],
    state="suspected",
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with store_in(tmp_path) as engine:
        yield engine


def at_hour(hours: int, **changes: object) -> StoredWindow:
    return replace(WINDOW, start=NOON + timedelta(hours=hours), **changes)  # type: ignore[arg-type]


def test_windows_are_read_as_they_were_saved_oldest_first(store: Engine) -> None:
    windows = [at_hour(hours) for hours in range(3)]
    save_windows(store, NOON, HOUR, reversed(windows))
    assert read_windows(store, NOON, HOUR) == windows


def test_only_windows_from_the_given_moment_on_are_read(store: Engine) -> None:
    save_windows(store, NOON, HOUR, [at_hour(0), at_hour(1)])
    assert read_windows(store, NOON + timedelta(hours=1), HOUR) == [at_hour(1)]


def test_what_is_looked_at_again_is_replaced_and_what_is_older_stays(store: Engine) -> None:
    save_windows(store, NOON, HOUR, [at_hour(hours, version="0") for hours in range(3)])
    save_windows(store, NOON + timedelta(hours=1), HOUR, [at_hour(1)])
    assert read_windows(store, NOON, HOUR) == [at_hour(0, version="0"), at_hour(1)]


def test_the_same_windows_saved_again_are_the_same(store: Engine) -> None:
    for _ in range(2):
        save_windows(store, NOON, HOUR, [at_hour(0), at_hour(1)])
    assert read_windows(store, NOON, HOUR) == [at_hour(0), at_hour(1)]


def test_windows_of_another_length_are_left_alone(store: Engine) -> None:
    day = replace(WINDOW, seconds=24 * HOUR)
    save_windows(store, NOON, 24 * HOUR, [day])
    save_windows(store, NOON, HOUR, [WINDOW])
    save_windows(store, NOON, HOUR, [])
    assert read_windows(store, NOON, HOUR) == []
    assert read_windows(store, NOON, 24 * HOUR) == [day]


def test_models_and_arms_have_windows_of_their_own(store: Engine) -> None:
    windows = [WINDOW, replace(WINDOW, digest="sha256:cd"), replace(WINDOW, arm="shadow", digest="sha256:cd")]
    save_windows(store, NOON, HOUR, windows)
    assert read_windows(store, NOON, HOUR) == windows


def test_windows_that_cannot_all_be_saved_leave_those_before_as_they_were(store: Engine) -> None:
    save_windows(store, NOON, HOUR, [at_hour(0)])
    with pytest.raises(IntegrityError):
        save_windows(store, NOON, HOUR, [at_hour(1), at_hour(1)])
    assert read_windows(store, NOON, HOUR) == [at_hour(0)]
