"""Take feedback: what is acknowledged is in the store, or on disk until the store has it."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any

from newsdesk.store.connection import StoreConnection
from newsdesk.store.records import Feedback, FeedbackReceipt, InvalidFeedback, StoreError, as_json, feedback_from_json
from newsdesk.store.spool import Spool

if TYPE_CHECKING:
    from sqlalchemy import Engine

PATIENCE = 0.2  # seconds to wait for another writer, for what can wait on disk as well
_PATIENCE = 2.0  # seconds for the store to answer, before the spool is used
_MAX_CONCURRENT = 4  # conversations with the store; with those of the prediction log no more than its pool has

logger = logging.getLogger(__name__)


class FeedbackService:
    """Used from one event loop; `replay` is called by a thread of its own."""

    def __init__(self, store: StoreConnection, spool: Spool) -> None:
        self._store = store
        self._spool = spool
        self._semaphore = asyncio.Semaphore(_MAX_CONCURRENT)

    async def record(self, feedback: Feedback) -> FeedbackReceipt:
        """Keep feedback, durably. Raises `FeedbackConflict`, `TextMismatch`, and `StoreError` where neither store nor
        spool took it."""
        try:
            async with asyncio.timeout(_PATIENCE), self._semaphore:
                return await _in_daemon_thread(partial(self._store.use, partial(_record, feedback)))
        except TimeoutError:  # the attempt may still succeed: written twice, it is known by its id
            self._store.give_up()
        except StoreError as error:
            logger.warning("feedback goes to the spool: %s", error)
        if await asyncio.to_thread(self._spool.append, [as_json(feedback)], durable=True):
            return FeedbackReceipt(feedback.id, "spooled", text_is_kept=True if feedback.text else None)
        raise StoreError("The feedback could not be kept: store and spool are away. Send it again later.")

    @property
    def spool_bytes(self) -> int:
        """What waits on disk, left by whichever process."""
        return self._spool.used

    def replay(self, between: Callable[[], None]) -> None:
        """Write what waits in the spool into the store, and do other work between. Raises `StoreError` where the store
        is away again."""

        def handle(rows: list[dict[str, Any]]) -> None:
            self._replay(rows)
            between()

        if not self._spool.is_empty:
            self._spool.drain(handle)

    def close(self) -> None:
        """Leave what waits on disk to the next server."""
        self._spool.close()

    def _replay(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            try:
                feedback = feedback_from_json(row)
            except (KeyError, TypeError, ValueError, InvalidFeedback) as error:
                logger.error("a line of the feedback spool is no feedback (%s)", type(error).__name__)
                continue
            self._store.use(partial(_replay, feedback), PATIENCE)


async def _in_daemon_thread(work: Callable[[], FeedbackReceipt]) -> FeedbackReceipt:
    """Unlike the thread of a pool, one that hangs does not keep the process from ending."""
    future: Future[FeedbackReceipt] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            future.set_exception(error)

    Thread(target=run, name="feedback", daemon=True).start()
    return await asyncio.wrap_future(future)


def _record(feedback: Feedback, store: "Engine") -> FeedbackReceipt:
    from newsdesk.store.feedback import record_feedback

    return record_feedback(store, feedback)


def _replay(feedback: Feedback, store: "Engine") -> None:
    from newsdesk.store.feedback import replay_feedback

    replay_feedback(store, feedback)
