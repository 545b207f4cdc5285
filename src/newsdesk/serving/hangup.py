"""A terminal that is closed ends a server as SIGTERM does: what was begun is answered, what waits is written."""

import signal
from socket import socket

from uvicorn import Config
from uvicorn.supervisors import Multiprocess


def end_on_hangup() -> None:
    """Take SIGHUP for SIGTERM in this process, unless it is to be ignored, as `nohup` says."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


class Supervisor(Multiprocess):
    """The parent of several processes. uvicorn's own would start them anew on SIGHUP, though all of them get it."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        before = signal.getsignal(signal.SIGHUP)
        super().__init__(config, sockets)
        if before is signal.SIG_IGN:
            signal.signal(signal.SIGHUP, before)  # processes to come inherit it

    def handle_hup(self) -> None:
        """End all."""
        self.handle_term()
