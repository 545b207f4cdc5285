"""Run `newsdesk` in a process of its own, for what needs libraries that a server must not load."""

import asyncio
import sys

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
        output, complaint = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode != 0:
        lines = complaint.decode(errors="replace").strip().splitlines() or ["The command failed."]
        raise CommandFailed(lines[-1].removeprefix("newsdesk: "))
    return output
