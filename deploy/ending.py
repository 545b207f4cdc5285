"""How what runs until Ctrl+C is ended."""

import signal


def interrupt_by_signals() -> None:
    """Raise `KeyboardInterrupt` for SIGINT and SIGTERM.

    A shell has the first ignored by what it runs in its background: said here, it is heard there, too.
    """
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
