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

Happening = Literal["dropped", "spooled", "written"]

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
        on_event: Callable[[Happening, int], None],
        capacity: int = 100_000,
        batch: int = 5_000,
        interval: float = 0.5,
        spool_bytes: int = _PREDICTION_SPOOL_BYTES,
        text_bytes: int = _TEXT_BYTES,
    ) -> None:
        """`capacity`: records that may wait in memory, their texts within `text_bytes`; `batch`: records written at
        once; `interval`: seconds."""
        self._queue: deque[PredictionRecord] = deque()
        self._in_hand: list[PredictionRecord] = []
        self._store = StoreConnection(address)
        self._spool = Spool(spool_folder, "predictions", spool_bytes)
        self._desk = FeedbackService(self._store, Spool(spool_folder, "feedback", _FEEDBACK_SPOOL_BYTES))
        self._on_event = on_event
        self._capacity, self._batch, self._interval = capacity, batch, interval
        self._texts, self._many_texts = MemoryBudget(text_bytes), text_bytes // 4
        self._overflow = 0
        self._lock = Lock()
        self._overflow_told = 0
        self._counts: dict[Happening, int] = {"dropped": 0, "spooled": 0, "written": 0}
        self._due, self._stopping = Event(), Event()
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
        return {"predictions": self._spool.used, "feedback": self._desk.spool_bytes}

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
        return await self._desk.record(feedback)

    def stop(self, timeout: float) -> None:
        """Write what is queued; what the store has not taken after `timeout` seconds goes to the spool."""
        self._stopping.set()
        self._due.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        with self._lock:  # nothing is left, unless the store hangs; written twice, an id is known again
            left = [*self._in_hand, *self._queue]
            self._queue.clear()
        if left:
            self._put_on_disk(left)
        self._spool.close()
        self._desk.close()
        self._store.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._due.wait(self._interval)
            self._due.clear()
            self._guarded(self._write_queue)
            if not self._stopping.is_set():
                self._guarded(self._write_spools)
        self._guarded(self._write_queue)

    def _waiting_text(self, feedback: Feedback) -> str | None:
        """The digest of the text whose prediction it names, where that is not written yet; else its own."""
        with self._lock:
            waiting = (*self._in_hand, *self._queue.copy())  # a copy, for other threads go on recording
        of_it = (record.text_digest for record in waiting if record.id == feedback.prediction_id)
        return next(of_it, feedback.text_digest)

    def _has_room(self, text: str) -> bool:
        if not self._texts.take(text):
            return False
        if self._texts.used > self._many_texts:  # not to be left waiting for the interval
            self._due.set()
        return True

    def _guarded(self, work: Callable[[], None]) -> None:
        """Nothing that fails may end the thread. What an exception says may be article text: its type must do."""
        try:
            work()
        except StoreError:
            pass
        except Exception as defect:  # noqa: BLE001 - a thread that ended would keep nothing any more
            logger.error("the prediction log failed: %s", type(defect).__name__)

    def _write_queue(self) -> None:
        is_away = False  # it is asked once: what waits meanwhile is for the disk, too
        while self._take():
            try:
                if is_away:
                    self._put_on_disk(self._in_hand)
                else:
                    self._write(self._in_hand)
            except StoreError:
                is_away = True
                self._put_on_disk(self._in_hand)
            except Exception:
                self._count("dropped", len(self._in_hand))
                raise
            finally:
                self._texts.give_back(record.text for record in self._in_hand)
        if new := self._overflow - self._overflow_told:
            self._overflow_told += new
            self._tell("dropped", new)

    def _take(self) -> bool:
        """Whether there is anything to write."""
        with self._lock:
            self._in_hand, length = [], 0
            while self._queue and len(self._in_hand) < self._batch and length < _BATCH_BYTES:
                record = self._queue.popleft()
                self._in_hand.append(record)
                length += size_of(record.text)
        return bool(self._in_hand)

    def _write_spools(self) -> None:
        """What is new is written between: a spool of a gigabyte takes long."""
        self._store.use(_greet)  # a store that is away costs no file its place
        self._desk.replay(self._write_queue)
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

    def _put_on_disk(self, records: list[PredictionRecord]) -> None:
        is_kept = self._spool.append((as_json(record) for record in records), durable=False)
        self._count("spooled" if is_kept else "dropped", len(records))

    def _count(self, what: Happening, count: int) -> None:
        if count:
            self._counts[what] += count
            self._tell(what, count)

    def _tell(self, what: Happening, count: int) -> None:
        self._guarded(partial(self._on_event, what, count))


def _insert(records: list[PredictionRecord], store: "Engine") -> int:
    from newsdesk.store.predictions import insert_predictions

    return insert_predictions(store, records)


def _greet(store: "Engine") -> None:
    """It is up if it answers."""
    with store.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
