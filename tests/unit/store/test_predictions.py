from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from newsdesk.store.predictions import insert_predictions, predictions
from newsdesk.store.records import PredictionRecord
from tests.unit.store.rows import NOON, prediction, store_in


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    with store_in(tmp_path) as engine:
        yield engine


def kept(store: Engine) -> list[PredictionRecord]:
    with store.connect() as connection:
        rows = connection.execute(select(predictions).order_by(predictions.c.at, predictions.c.id)).mappings().all()
    return [PredictionRecord(**row) for row in rows]


def in_order(records: list[PredictionRecord]) -> list[PredictionRecord]:
    return sorted(records, key=lambda record: (record.at, record.id))


def test_a_batch_is_kept_as_it_was(store: Engine) -> None:
    full: dict[str, Any] = {
        "known_share": 0.9,
        "language": "en",
        "caller": "wire desk",
        "arm": "shadow",
        "pair_id": "0" * 36,
        "text": "Küche, 日本",
    }
    records = [prediction(), prediction(at=NOON + timedelta(microseconds=1), **full)]
    assert insert_predictions(store, records) == 0
    assert kept(store) == in_order(records)


def test_a_moment_of_another_zone_is_kept_as_the_same_moment(store: Engine) -> None:
    insert_predictions(store, [prediction(at=NOON.astimezone(timezone(timedelta(hours=-5))))])
    (record,) = kept(store)
    assert record.at == NOON
    assert record.at.utcoffset() == timedelta(0)


def test_a_batch_written_again_changes_nothing(store: Engine) -> None:
    first, second, third = prediction(), prediction(), prediction()
    insert_predictions(store, [first, second])
    insert_predictions(store, [second, third, third])
    assert kept(store) == in_order([first, second, third])


def test_no_records_are_no_trouble(store: Engine) -> None:
    assert insert_predictions(store, []) == 0


def test_a_row_that_the_database_refuses_costs_no_other_row(store: Engine) -> None:
    good = [prediction() for _ in range(5)]
    bad = [prediction(category=None), prediction(text="\ud800")]
    assert insert_predictions(store, [*good[:2], bad[0], *good[2:], bad[1]]) == 2
    assert kept(store) == in_order(good)
