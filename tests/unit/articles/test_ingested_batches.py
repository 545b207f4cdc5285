"""What is remembered of an ingested table."""

from datetime import UTC, datetime

import pytest

from newsdesk.articles.ingested_batches import Batch


@pytest.mark.parametrize(
    ("counts", "broken"),
    [
        ({"rows": 100, "new": 60, "quarantined": {"duplicate": 40}}, 0),
        ({"rows": 100, "new": 10, "known": 30, "quarantined": {"duplicate": 50, "text_too_short": 10}}, 10),
        ({"rows": 10, "new": 8, "quarantined": {"not_annotated": 2}}, 0),
        ({"rows": 10, "new": 9, "quarantined": {"text_too_short": 1, "missing_category": 1}}, 1),  # one row, two faults
        ({"status": "refused", "quarantined": {"text_too_short": 7, "duplicate": 3}}, 7),
        ({"rows": 10, "new": 10}, 0),
    ],
)
def test_repeats_are_no_fault_of_a_table(counts: dict[str, object], broken: int) -> None:
    usual = {"digest": "ab", "source": "news.csv", "size": 1, "modified": "", "status": "ingested"}
    batch = Batch.model_validate(usual | {"at": datetime(2026, 3, 4, tzinfo=UTC)} | counts)
    assert batch.broken == broken
