"""The page of /monitor: what `newsdesk monitor --html` draws. It reads the prediction log, which a server must not."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from newsdesk.config.settings import Settings
from newsdesk.serving.command import CommandFailed, run_newsdesk
from newsdesk.serving.errors import ApiError

logger = logging.getLogger("newsdesk.server")

_INTERVAL = 60.0  # seconds from one page to the next


class MonitorPage:
    """One page for all who ask, drawn at most once a minute. Who does not wait for it does not stop it either.

    `with_examples`: with texts of what got worse, which not everybody may read who may see the page.
    """

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.monotonic, *, with_examples: bool = False
    ) -> None:
        self._settings, self._clock = settings, clock
        self._options = ("--examples",) if with_examples else ()
        self._drawing: asyncio.Task[bytes | None] | None = None
        self._due = 0.0

    async def html(self) -> bytes:
        """The page. Raises `ApiError` where it could not be drawn; it is tried again after a minute."""
        if self._drawing is None or (self._drawing.done() and self._clock() >= self._due):
            self._drawing = asyncio.create_task(self._draw())
        page = await asyncio.shield(self._drawing)
        if page is None:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            message = "The page could not be drawn; the log of the server says why. Try again in a minute"
            raise ApiError(status, status.phrase, message, "monitor_failed")
        return page

    async def close(self) -> None:
        """End what is being drawn."""
        if self._drawing:
            self._drawing.cancel()
            with suppress(asyncio.CancelledError):
                await self._drawing

    async def _draw(self) -> bytes | None:
        try:
            return await run_newsdesk(self._settings, "monitor", "--html", "-", *self._options)
        except (CommandFailed, OSError) as failed:
            logger.warning("newsdesk monitor failed: %s", failed)
            return None
        finally:
            self._due = self._clock() + _INTERVAL
