"""A terminal that is closed ends a server as SIGTERM does: what was begun is answered, what waits is written."""

import signal


def treat_sighup_as_sigterm() -> None:
    """Take SIGHUP for SIGTERM in this process, unless it is to be ignored, as `nohup` says."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
