from datetime import timedelta, timezone
from pathlib import Path

from newsdesk.store.prediction_scan import scan
from newsdesk.store.predictions import insert_predictions
from tests.unit.store.rows import NOON, prediction, store_in


def test_every_prediction_of_the_period_is_read_in_bounded_parts(tmp_path: Path) -> None:
    records = [prediction(at=NOON + timedelta(seconds=i), text_length=i) for i in range(25_000)]
    with store_in(tmp_path) as store:
        insert_predictions(store, records)
        parts = list(scan(store, NOON, NOON + timedelta(seconds=24_000)))
    assert max(len(part.text_length) for part in parts) <= 10_000
    assert sorted(length for part in parts for length in part.text_length) == list(range(24_000))


def test_columns_are_those_that_were_written(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        insert_predictions(
            store, [prediction(known_share=0.5, language="en", terms="0f", arm="champion"), prediction()]
        )
        (columns,) = scan(store, NOON, NOON + timedelta(microseconds=1))
    assert set(zip(columns.known_share, columns.language, columns.terms, columns.arm, strict=True)) == {
        (0.5, "en", "0f", "champion"),
        (None, None, None, None),
    }
    assert columns.category == ("sport", "sport")


def test_a_period_may_be_told_in_any_time_zone(tmp_path: Path) -> None:
    eastern = timezone(timedelta(hours=-5))
    with store_in(tmp_path) as store:
        insert_predictions(store, [prediction()])
        assert len(list(scan(store, NOON.astimezone(eastern), (NOON + timedelta(hours=1)).astimezone(eastern)))) == 1
        assert list(scan(store, NOON + timedelta(seconds=1), NOON + timedelta(hours=1))) == []
