"""Promote and roll back on request. The `newsdesk models` command does it, in a process of its own: it may need MLflow,
which a server must not load. A change once begun ends, whether its caller waits or not.
"""

import asyncio
import json
import logging
from dataclasses import dataclass
from http import HTTPStatus

from newsdesk.config.settings import Settings
from newsdesk.serving.alias_watcher import AliasWatcher
from newsdesk.serving.command import CommandFailed, run_newsdesk_shielded
from newsdesk.serving.errors import ApiError
from newsdesk.serving.model_loader import ModelLoader
from newsdesk.serving.model_pool import ModelPool

_MARGIN = 0.1  # of API_TIMEOUT: who waits hears how it stands before the time is up

logger = logging.getLogger("newsdesk.model")


@dataclass(frozen=True)
class PromotionOutcome:
    """Who is in charge now, and who was before."""

    champion: str
    replaced: str | None
    digest: str


class PromotionService:
    """One change at a time."""

    def __init__(self, settings: Settings, loader: ModelLoader, models: ModelPool, watcher: AliasWatcher) -> None:
        self._settings, self._loader, self._models, self._watcher = settings, loader, models, watcher
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[PromotionOutcome] | None = None

    async def promote(self, version: str, reason: str, actor: str, deadline: float) -> PromotionOutcome | None:
        """Put `version` in charge; None where that goes on for longer than anybody waits, by the event loop's clock.

        Raises `ApiError` where there is none of that number, or another change is under way for so long.
        """
        if await asyncio.to_thread(self._loader.version, version) is None:
            message = "No version of that number is registered; GET /model/versions lists them"
            raise ApiError(HTTPStatus.NOT_FOUND, "Not Found", message, "unknown_version")
        return await self._change(["promote", version], reason, actor, deadline)

    async def rollback(self, reason: str, actor: str, deadline: float) -> PromotionOutcome | None:
        """Put the version before back in charge; None and errors as with `promote`."""
        return await self._change(["rollback"], reason, actor, deadline)

    async def _change(self, arguments: list[str], reason: str, actor: str, deadline: float) -> PromotionOutcome | None:
        deadline -= _MARGIN * self._settings.api_timeout
        try:
            async with asyncio.timeout_at(deadline):
                await self._lock.acquire()
        except TimeoutError:
            message = "Another change is under way. Nothing was done of this one; ask again"
            raise ApiError(HTTPStatus.CONFLICT, "Conflict", message, "change_refused") from None
        options = [f"--reason={reason}", f"--actor={actor}", "--json"]
        task = asyncio.create_task(self._run_command([*arguments, *options]))
        task.add_done_callback(self._on_done)
        self._task = task  # the event loop itself keeps no task from being collected
        await asyncio.wait({task}, timeout=deadline - asyncio.get_running_loop().time())
        return task.result() if task.done() else None

    async def _run_command(self, arguments: list[str]) -> PromotionOutcome:
        previous = await asyncio.to_thread(self._loader.champion)
        try:
            outcome = json.loads(await run_newsdesk_shielded(self._settings, "models", *arguments))
        except CommandFailed as error:
            raise ApiError(HTTPStatus.CONFLICT, "Conflict", str(error), "change_refused") from None
        await self._watcher.poll()
        replaced = previous.version if previous and previous.version != outcome["champion"] else None
        return PromotionOutcome(outcome["champion"], replaced, outcome["digest"])

    def _on_done(self, task: asyncio.Task[PromotionOutcome]) -> None:
        self._lock.release()
        if not task.cancelled() and (error := task.exception()):
            logger.warning("A change of the champion failed: %s", error)
