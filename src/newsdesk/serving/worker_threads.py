"""Keep the event loop free: what takes long is done by threads, which are few, and by a queue that has an end."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from newsdesk.serving.errors import ApiError

Result = TypeVar("Result")

LONG = 20_000  # characters or bytes: less takes a few milliseconds at most
_MAX_WAITING = 32  # requests
_RETRY_AFTER = 1  # second


class WorkerThreads:
    """Threads for one kind of work, so that it keeps no other from its turn. Used from one event loop.

    Whoever stops waiting for what has not been begun takes it back; what has been begun ends.
    """

    def __init__(self, name: str, threads: int, max_waiting: int = _MAX_WAITING) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._semaphore = asyncio.Semaphore(threads)
        self._max_waiting = max_waiting
        self._waiting = 0

    def require_room(self) -> None:
        """Raises `ApiError` (503 `busy`) where too many wait. To be asked once a request, before it is begun."""
        if self._waiting >= self._max_waiting:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            message = f"Too much work of this kind waits. Try again in {_RETRY_AFTER} s"
            raise ApiError(status, status.phrase, message, "busy", {"Retry-After": str(_RETRY_AFTER)})

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` gives, in its turn."""
        self._waiting += 1
        try:
            await self._semaphore.acquire()
        finally:
            self._waiting -= 1
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        future.add_done_callback(self._on_done)
        return await asyncio.shield(future)  # its thread is taken until it ends, whoever waits

    async def offload_if_long(self, length: int, work: Callable[[], Result]) -> Result:
        """What `work` on so many characters gives: at once for few of them."""
        return work() if length < LONG else await self.run(work)

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _on_done(self, future: "asyncio.Future[Any]") -> None:
        self._semaphore.release()
        if not future.cancelled():
            future.exception()  # retrieved here, since nobody may be waiting any more


async def run_while_connected(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """What `work` gives, cancelled where the client of a request whose body is read goes away.

    Raises `ClientDisconnect`.
    """
    task, disconnect = asyncio.ensure_future(work), asyncio.ensure_future(receive())
    try:
        await asyncio.wait((task, disconnect), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return await task
    finally:
        disconnect.cancel()
        task.cancel()
