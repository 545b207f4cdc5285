"""What ends a server, and how long that may take: nothing that hangs keeps it from ending."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from socket import socket
from threading import Thread
from types import FrameType

import uvicorn
from uvicorn import Config
from uvicorn.supervisors import Multiprocess

_SHORTEST = 5.0  # seconds, however short API_TIMEOUT is
_POLL_INTERVAL = 0.1  # seconds


@dataclass(frozen=True)
class ShutdownTimeouts:
    """Seconds. `requests`: for what was begun to be answered; `log`: then, for what waits to be written; `all`: from
    the signal until whatever still runs is killed."""

    requests: float
    log: float
    all: float


def shutdown_timeouts(api_timeout: float) -> ShutdownTimeouts:
    """All of it within API_TIMEOUT, which is at least taken for five seconds."""
    seconds = max(api_timeout, _SHORTEST)
    return ShutdownTimeouts(requests=seconds * 0.6, log=seconds * 0.25, all=seconds)


class Server(uvicorn.Server):
    """A process that serves alone: the system kills it (SIGALRM) where it has not ended in time."""

    def __init__(self, config: Config, seconds: float) -> None:
        super().__init__(config)
        self._seconds = seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        if not signal.getitimer(signal.ITIMER_REAL)[0]:
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
        super().handle_exit(sig, frame)


class Supervisor(Multiprocess):
    """The parent of several processes. uvicorn's own would start them anew on SIGHUP, though all of them get it, and
    would wait for ever for one that does not end."""

    def __init__(self, config: Config, sockets: list[socket], seconds: float) -> None:
        sighup_handler = signal.getsignal(signal.SIGHUP)
        super().__init__(config, sockets)
        self._seconds = seconds
        self._stop_requested_at: float | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        if sighup_handler is signal.SIG_IGN:
            signal.signal(signal.SIGHUP, sighup_handler)  # processes to come inherit it

    def run(self) -> None:
        """Until a signal; then everything ends, in time."""
        Thread(target=self._enforce_shutdown, name="ending", daemon=True).start()
        super().run()

    def init_processes(self) -> None:
        """Start all."""
        super().init_processes()
        self._close_child_ends()

    def keep_subprocess_alive(self) -> None:
        """Replace those that died, or hang."""
        super().keep_subprocess_alive()
        self._close_child_ends()

    def handle_hup(self) -> None:
        """End all."""
        self.handle_term()

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        """A handler may take no lock: whoever was interrupted may hold it."""
        self.signal_queue.append(number)
        if self._stop_requested_at is None:
            self._stop_requested_at = time.monotonic()

    def _enforce_shutdown(self) -> None:
        """Beside the main thread, which may wait for a process that does not answer."""
        while self._stop_requested_at is None:
            time.sleep(_POLL_INTERVAL)
        self.should_exit.set()  # nothing is started any more
        self._send_signal(signal.SIGTERM)
        while time.monotonic() < self._stop_requested_at + self._seconds:
            time.sleep(_POLL_INTERVAL)
        while True:
            self._send_signal(signal.SIGKILL)
            time.sleep(_POLL_INTERVAL)

    def _close_child_ends(self) -> None:
        """Of the pipes on which workers tell that they live. With its own end alone open, a worker's death is heard at
        once, and not when the time is over that a hung one is given."""
        for process in self.processes:
            process.child_conn.close()

    def _send_signal(self, number: int) -> None:
        for process in self.processes:
            if process.pid is not None and process.exitcode is None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, number)
