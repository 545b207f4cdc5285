"""What every process of this machine was started with, those in containers among them, while something goes on."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

_PAUSE = 0.03  # seconds between two looks: what ends sooner may be missed


@contextmanager
def arguments_of_all_processes() -> Iterator[set[bytes]]:
    """Command lines seen since the block was entered, arguments separated by NUL; more come until it is left."""
    seen: set[bytes] = set()
    ending = Event()

    def look() -> None:
        while not ending.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):  # it has ended
                    seen.add(path.read_bytes())
            time.sleep(_PAUSE)

    thread = Thread(target=look, name="watching")
    thread.start()
    try:
        yield seen
    finally:
        ending.set()
        thread.join()
