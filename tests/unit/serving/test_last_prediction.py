"""The time of the newest prediction, among processes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsdesk.serving.last_prediction import LastPredictionTime

NOW = datetime(2026, 11, 30, 1, 2, 3, 456789, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)


def test_a_process_alone_needs_no_folder() -> None:
    last = LastPredictionTime(None)
    assert last.newest() is None
    last.note(NOW)
    assert last.newest() == NOW
    last.close()


def test_it_never_goes_back() -> None:
    last = LastPredictionTime(None)
    for at in (LATER, NOW):
        last.note(at)
    assert last.newest() == LATER


def test_every_process_tells_the_newest_of_all_also_of_those_that_ended(tmp_path: Path) -> None:
    mine, theirs = LastPredictionTime(tmp_path, "0"), LastPredictionTime(tmp_path, "1")
    assert mine.newest() is None
    theirs.note(LATER)
    theirs.close()
    mine.note(NOW)
    assert mine.newest() == LATER
    (tmp_path / "last_prediction_2").write_bytes(b"torn")
    assert mine.newest() == LATER
    mine.note(LATER + timedelta(seconds=1))
    assert mine.newest() == LATER + timedelta(seconds=1)
    mine.close()


def test_whoever_takes_the_place_of_a_dead_process_never_goes_back(tmp_path: Path) -> None:
    LastPredictionTime(tmp_path, "0").note(LATER)
    successor = LastPredictionTime(tmp_path, "0")
    successor.note(NOW)
    assert successor.newest() == LATER
    assert len(list(tmp_path.iterdir())) == 1


def test_a_process_without_a_place_tells_what_the_others_do(tmp_path: Path) -> None:
    LastPredictionTime(tmp_path, "0").note(NOW)
    assert LastPredictionTime(tmp_path).newest() == NOW
    assert LastPredictionTime(tmp_path / "missing").newest() is None
