"""Read a source now and then, and never wait for it longer than agreed."""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread

from newsdesk.errors import NewsdeskError
from newsdesk.monitoring.catalogue import SOURCE_UP
from newsdesk.monitoring.metric_samples import MetricSample

logger = logging.getLogger("newsdesk.exporter")


class PolledSource:
    """A source's newest values, which are read in a thread of their own. Safe to use from several threads."""

    def __init__(
        self,
        name: str,
        read: Callable[[], list[MetricSample]],
        interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Values serve for `interval` seconds of `clock` after they were read; then they are read again."""
        self._name, self._read = name, read
        self._interval, self._clock = interval, clock
        self._lock = Lock()
        self._newest: Future[list[MetricSample] | None] | None = None
        self._ended_at = 0.0
        self._was_up = True

    def begin(self) -> None:
        """Start to read where that is due and not under way. Returns at once."""
        with self._lock:
            if self._newest is None or (self._newest.done() and self._clock() - self._ended_at >= self._interval):
                self._newest = Future()
                # Unlike the thread of a pool, one that hangs does not keep the process from ending.
                Thread(target=self._run, args=(self._newest,), name=self._name, daemon=True).start()

    def samples(self, seconds: float) -> list[MetricSample]:
        """The newest values, waited for so long at most, and whether the source is up; where it is not, that alone."""
        newest = self._newest
        try:
            values = newest.result(max(0.0, seconds)) if newest else None
        except TimeoutError:
            values = None
        return [MetricSample(SOURCE_UP, (self._name,), float(values is not None)), *(values or [])]

    def _run(self, future: "Future[list[MetricSample] | None]") -> None:
        values = None
        try:
            values = self._read()
        except NewsdeskError as error:
            if self._was_up:  # said once, not every few seconds
                logger.warning("The source %s is away: %s", self._name, error)
        except Exception as defect:
            if self._was_up:
                logger.exception("The source %s cannot be read (%s)", self._name, type(defect).__name__)
        if values is not None and not self._was_up:
            logger.info("The source %s is back", self._name)
        self._was_up, self._ended_at = values is not None, self._clock()
        future.set_result(values)
