"""A store with rows of every kind, among them values that databases keep in ways of their own."""

from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import Engine

from newsdesk.store.feedback import record_feedback
from newsdesk.store.ledger import LedgerEntry, append
from newsdesk.store.pipeline_runs import PipelineRun, record_run
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.windows import StoredWindow, save_windows
from tests.unit.store.rows import NOON, feedback, prediction

BERLIN = datetime(2026, 7, 1, 14, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
AWKWARD = 'Tab\tline\nback\\slash \\N \\. "quoted" Ä \U0001f600 \u2028 end'
PREDICTIONS, ENTRIES = 1203, 3


def fill(store: Engine) -> None:
    many = [prediction(confidence=number / 7, at=NOON + timedelta(microseconds=number)) for number in range(1200)]
    odd = [
        prediction(id="00000000-0000-7000-8000-00000000000a", text=AWKWARD, at=BERLIN, caller="a key", arm="shadow"),
        prediction(id="00000000-0000-7000-8000-00000000000B", confidence=1.0, known_share=0.1 + 0.2, language=""),
        prediction(id="00000000-0000-7000-8000-0000000000_c", confidence=5e-324, duration_ms=1e22, text=""),
    ]
    insert_predictions(store, [*many, *odd])
    record_feedback(store, feedback(text=AWKWARD, at=BERLIN, trusted=True, caller="ada", key="k"))
    record_feedback(store, feedback(editor="Åsa", prediction_id=odd[0].id))
    for number in range(ENTRIES):
        evidence = {"accuracy": 0.1 * number, "nested": {"b": [1, None, True], "a": AWKWARD}}
        append(store, LedgerEntry(NOON, "ada", "promote", "kept", None, str(number), None, "why not", evidence))
    record_run(store, PipelineRun("run", NOON, BERLIN, "succeeded", {"read": 3}, {"decision": "promoted"}))
    window = StoredWindow(
        start=datetime(2026, 3, 4, 11, tzinfo=UTC), seconds=3600, digest="sha256:ab", arm="champion", version="1",
        tally={"a": 1}, scores=[{"b": 0.5}], state="none",
    )  # fmt: skip
    save_windows(store, window.start, 3600, [window])
