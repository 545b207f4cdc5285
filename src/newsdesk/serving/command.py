"""Run `newsdesk` in a process of its own, for what needs libraries that a server must not load."""

import asyncio
import subprocess
import sys
from concurrent.futures import Future
from functools import partial
from threading import Thread

from newsdesk.config.settings import Settings


class CommandFailed(Exception):  # noqa: N818 - it says what the command said
    """The last line of what the command complained about, in one sentence."""


async def run_newsdesk(settings: Settings, *arguments: str) -> bytes:
    """What the command wrote to standard output. Cancelled, it is killed. Raises `CommandFailed`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "newsdesk",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=settings.environment_variables(),
    )
    try:
        stdout, stderr = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    return _checked_output(process.returncode, stdout, stderr)


async def run_newsdesk_shielded(settings: Settings, *arguments: str) -> bytes:
    """The same for what must not be left half done: whoever waits may go, even this server, and the command goes on."""
    future: Future[bytes] = Future()
    future.set_running_or_notify_cancel()
    # A thread that the end of this process does not wait for; the event loop's own processes end with it.
    Thread(target=partial(_run, future, settings, arguments), name="command", daemon=True).start()
    return await asyncio.wrap_future(future)


def _run(future: Future[bytes], settings: Settings, arguments: tuple[str, ...]) -> None:
    try:
        completed = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "newsdesk", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=settings.environment_variables(),
            start_new_session=True,  # Ctrl+C is for the server alone
            check=False,
        )
        future.set_result(_checked_output(completed.returncode, completed.stdout, completed.stderr))
    except Exception as error:  # noqa: BLE001 - raised again where it is awaited
        future.set_exception(error)


def _checked_output(code: int | None, stdout: bytes, stderr: bytes) -> bytes:
    if code != 0:
        lines = stderr.decode(errors="replace").strip().splitlines() or ["The command failed."]
        raise CommandFailed(lines[-1].removeprefix("newsdesk: "))
    return stdout
