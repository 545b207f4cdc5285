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
        self._task: asyncio.Task[bytes | None] | None = None
        self._next_render_at = 0.0

    async def html(self) -> bytes:
        """The page. Raises `ApiError` where it could not be drawn; it is tried again after a minute."""
        if self._task is None or (self._task.done() and self._clock() >= self._next_render_at):
            self._task = asyncio.create_task(self._render())
        page = await asyncio.shield(self._task)
        if page is None:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            message = "The page could not be drawn; the log of the server says why. Try again in a minute"
            raise ApiError(status, status.phrase, message, "monitor_failed")
        return page

    async def close(self) -> None:
        """End what is being drawn."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _render(self) -> bytes | None:
        try:
            return await run_newsdesk(self._settings, "monitor", "--html", "-", *self._options)
        except (CommandFailed, OSError) as error:
            logger.warning("newsdesk monitor failed: %s", error)
            return None
        finally:
            self._next_render_at = self._clock() + _INTERVAL
