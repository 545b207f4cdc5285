"""Promote and roll back on request. The `newsdesk models` command does it, in a process of its own: it may need MLflow,
which a server must not load.
"""

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus

from newsdesk.config.settings import Settings
from newsdesk.serving.command import CommandFailed, run_newsdesk
from newsdesk.serving.errors import ApiError
from newsdesk.serving.follower import Follower
from newsdesk.serving.model_source import ModelSource
from newsdesk.serving.models import ServedModels


@dataclass(frozen=True)
class Change:
    """Who is in charge now, and who was before."""

    champion: str
    replaced: str | None
    digest: str


class Changes:
    """One change at a time."""

    def __init__(self, settings: Settings, source: ModelSource, models: ServedModels, follower: Follower) -> None:
        self._settings, self._source, self._models, self._follower = settings, source, models, follower
        self._changing = asyncio.Lock()

    async def promote(self, version: str, reason: str, actor: str) -> Change:
        """Put `version` in charge. Raises `ApiError` where there is none of that number."""
        if await asyncio.to_thread(self._source.version, version) is None:
            message = "No version of that number is registered; GET /model/versions lists them"
            raise ApiError(HTTPStatus.NOT_FOUND, "Not Found", message, "unknown_version")
        return await self._change(["promote", version], reason, actor)

    async def rollback(self, reason: str, actor: str) -> Change:
        """Put the version before back in charge. Raises `ApiError` where there is none."""
        return await self._change(["rollback"], reason, actor)

    async def _change(self, arguments: list[str], reason: str, actor: str) -> Change:
        async with self._changing:
            before = await asyncio.to_thread(self._source.champion)
            options = [f"--reason={reason}", f"--actor={actor}", "--json"]
            try:
                now = json.loads(await run_newsdesk(self._settings, "models", *arguments, *options))
            except CommandFailed as failed:
                raise ApiError(HTTPStatus.CONFLICT, "Conflict", str(failed), "change_refused") from None
            await self._follower.look()
        replaced = before.version if before and before.version != now["champion"] else None
        return Change(now["champion"], replaced, now["digest"])
