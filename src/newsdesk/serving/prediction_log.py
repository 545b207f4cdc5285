"""Keep every answer, beside the requests: the event loop only queues, a thread writes to the store or to disk."""

import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any, Literal

from newsdesk.serving.feedback_service import PATIENCE, FeedbackService
from newsdesk.serving.memory_budget import MemoryBudget, size_of
from newsdesk.store.connection import StoreConnection
from newsdesk.store.records import (
    Feedback,
    FeedbackReceipt,
    PredictionRecord,
    StoreError,
    TextMismatch,
    as_json,
    prediction_from_json,
)
from newsdesk.store.spool import Spool

if TYPE_CHECKING:
    from sqlalchemy import Engine

_PREDICTION_SPOOL_BYTES = 1024**3
_FEEDBACK_SPOOL_BYTES = 256 * 1024**2
_TEXT_BYTES = 64 * 1024**2
_BATCH_BYTES = 4 * 1024**2  # of texts, beyond which no more is written at once

LogEvent = Literal["dropped", "spooled", "written"]

logger = logging.getLogger(__name__)


class PredictionLog:
    """`record` may be called by any thread, `feedback` by one event loop; `on_event` is called by the log's own thread.

    An answer is dropped, and counted, only where the queue is full, by its answers or by the bytes of their texts, the
    store and the spool both take nothing, or the store refuses the row for good. A killed process loses the answers of
    its last `interval` seconds, of a second while others write to the store, and no feedback.
    """

    def __init__(
        self,
        address: str,
        spool_folder: Path,
        *,
        on_event: Callable[[LogEvent, int], None],
        capacity: int = 100_000,
        batch_size: int = 5_000,
        interval: float = 0.5,
        spool_bytes: int = _PREDICTION_SPOOL_BYTES,
        text_bytes: int = _TEXT_BYTES,
    ) -> None:
        """`capacity`: records that may wait in memory, their texts within `text_bytes`; `batch_size`: records written
        at once; `interval`: seconds."""
        self._queue: deque[PredictionRecord] = deque()
        self._batch: list[PredictionRecord] = []
        self._store = StoreConnection(address)
        self._spool = Spool(spool_folder, "predictions", spool_bytes)
        self._feedback_service = FeedbackService(self._store, Spool(spool_folder, "feedback", _FEEDBACK_SPOOL_BYTES))
        self._on_event = on_event
        self._capacity, self._batch_size, self._interval = capacity, batch_size, interval
        self._text_budget, self._flush_bytes = MemoryBudget(text_bytes), text_bytes // 4
        self._overflow = 0
        self._lock = Lock()
        self._overflow_counted = 0
        self._counts: dict[LogEvent, int] = {"dropped": 0, "spooled": 0, "written": 0}
        self._wake, self._stopping = Event(), Event()
        self._thread = Thread(target=self._run, name="prediction-log", daemon=True)

    @property
    def dropped(self) -> int:
        """Answers that are lost."""
        return self._overflow + self._counts["dropped"]

    @property
    def spooled(self) -> int:
        """Answers that went to disk."""
        return self._counts["spooled"]

    @property
    def written(self) -> int:
        """Answers that the store has taken, those out of the spool included."""
        return self._counts["written"]

    @property
    def store(self) -> StoreConnection:
        """The store that it writes to."""
        return self._store

    @property
    def is_store_up(self) -> bool:
        """Whether the store answered when it was last asked."""
        return self._store.is_up

    @property
    def store_problem(self) -> str | None:
        """What a person should know of the store; None while it is up."""
        return self._store.problem

    def spool_bytes(self) -> dict[str, int]:
        """What waits on disk for the store, left by whichever process: of predictions, and of feedback."""
        return {"predictions": self._spool.used, "feedback": self._feedback_service.spool_bytes}

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def record(self, record: PredictionRecord) -> None:
        """Queue one answer; never waits, never raises."""
        if len(self._queue) < self._capacity and (record.text is None or self._has_room(record.text)):
            self._queue.append(record)
        else:
            with self._lock:
                self._overflow += 1

    async def feedback(self, feedback: Feedback) -> FeedbackReceipt:
        """Keep feedback, durably. Raises `FeedbackConflict`, `TextMismatch`, and `StoreError` where neither store nor
        spool took it."""
        if feedback.prediction_id and feedback.text_digest not in (None, self._waiting_text(feedback)):
            raise TextMismatch("The prediction was made of another text. Send that text, or none.")
        return await self._feedback_service.record(feedback)

    def stop(self, timeout: float) -> None:
        """Write what is queued; what the store has not taken after `timeout` seconds goes to the spool."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        with self._lock:  # nothing is left, unless the store hangs; written twice, an id is known again
            remaining = [*self._batch, *self._queue]
            self._queue.clear()
        if remaining:
            self._spool_records(remaining)
        self._spool.close()
        self._feedback_service.close()
        self._store.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._interval)
            self._wake.clear()
            self._run_safely(self._write_queue)
            if not self._stopping.is_set():
                self._run_safely(self._write_spools)
        self._run_safely(self._write_queue)

    def _waiting_text(self, feedback: Feedback) -> str | None:
        """The digest of the text whose prediction it names, where that is not written yet; else its own."""
        with self._lock:
            waiting = (*self._batch, *self._queue.copy())  # a copy, for other threads go on recording
        digests = (record.text_digest for record in waiting if record.id == feedback.prediction_id)
        return next(digests, feedback.text_digest)

    def _has_room(self, text: str) -> bool:
        if not self._text_budget.take(text):
            return False
        if self._text_budget.used > self._flush_bytes:  # not to be left waiting for the interval
            self._wake.set()
        return True

    def _run_safely(self, work: Callable[[], None]) -> None:
        """Nothing that fails may end the thread. What an exception says may be article text: its type must do."""
        try:
            work()
        except StoreError:
            pass
        except Exception as defect:  # noqa: BLE001 - a thread that ended would keep nothing any more
            logger.error("the prediction log failed: %s", type(defect).__name__)

    def _write_queue(self) -> None:
        is_store_down = False  # it is asked once: what waits meanwhile is for the disk, too
        while self._take_batch():
            try:
                if is_store_down:
                    self._spool_records(self._batch)
                else:
                    self._write(self._batch)
            except StoreError:
                is_store_down = True
                self._spool_records(self._batch)
            except Exception:
                self._count("dropped", len(self._batch))
                raise
            finally:
                self._text_budget.give_back(record.text for record in self._batch)
        if new := self._overflow - self._overflow_counted:
            self._overflow_counted += new
            self._notify("dropped", new)

    def _take_batch(self) -> bool:
        """Whether there is anything to write."""
        with self._lock:
            self._batch, text_bytes = [], 0
            while self._queue and len(self._batch) < self._batch_size and text_bytes < _BATCH_BYTES:
                record = self._queue.popleft()
                self._batch.append(record)
                text_bytes += size_of(record.text)
        return bool(self._batch)

    def _write_spools(self) -> None:
        """What is new is written between: a spool of a gigabyte takes long."""
        self._store.use(_ping)  # a store that is away costs no file its place
        self._feedback_service.replay(self._write_queue)
        if not self._spool.is_empty:
            self._spool.drain(self._write_rows)

    def _write_rows(self, rows: list[dict[str, Any]]) -> None:
        records = []
        for row in rows:
            try:
                records.append(prediction_from_json(row))
            except (KeyError, TypeError, ValueError) as error:
                logger.error("a line of the prediction spool is no prediction (%s)", type(error).__name__)
                self._count("dropped", 1)
        self._write(records)
        self._write_queue()

    def _write(self, records: list[PredictionRecord]) -> None:
        refused = self._store.use(partial(_insert, records), PATIENCE)
        self._count("written", len(records) - refused)
        self._count("dropped", refused)

    def _spool_records(self, records: list[PredictionRecord]) -> None:
        is_spooled = self._spool.append((as_json(record) for record in records), durable=False)
        self._count("spooled" if is_spooled else "dropped", len(records))

    def _count(self, event: LogEvent, count: int) -> None:
        if count:
            self._counts[event] += count
            self._notify(event, count)

    def _notify(self, event: LogEvent, count: int) -> None:
        self._run_safely(partial(self._on_event, event, count))


def _insert(records: list[PredictionRecord], store: "Engine") -> int:
    from newsdesk.store.predictions import insert_predictions

    return insert_predictions(store, records)


def _ping(store: "Engine") -> None:
    """It is up if it answers."""
    with store.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
