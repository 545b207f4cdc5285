"""Keep the event loop free: what takes long is done by a thread, and other requests are answered meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_LONG = 20_000  # characters


async def worked_off(characters: int, work: Callable[[], Result]) -> Result:
    """What `work` on so many characters gives: at once for few of them, by a thread for many."""
    return work() if characters < _LONG else await asyncio.to_thread(work)
