"""Show how far long work is: a live line on a terminal, one line a finished step in a log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from newsdesk.cli.tables import styled
from newsdesk.printable import printable
from newsdesk.stopping import raise_if_stopped

_SILENCE = 30.0  # seconds that a log hears nothing of a step that goes on


class ShownProgress:
    """Steps as lines on standard error, so that standard output stays free for results."""

    def __init__(self, display: RichProgress) -> None:
        self._display = display
        self._task: TaskID | None = None
        self._name = ""
        self._started = self._noted = 0.0

    def step(self, name: str, total: int | None = None) -> None:
        raise_if_stopped()
        self.finish()
        self._name, self._started = printable(name), time.monotonic()
        self._task = self._display.add_task(self._name, total=total, count="")

    def advance(self, parts: int = 1) -> None:
        raise_if_stopped()
        if self._task is not None:
            self._display.advance(self._task, parts)
            task = self._display.tasks[-1]
            known = f" of {task.total:,.0f}" if task.total else ""
            self._display.update(self._task, count=f"{task.completed:,.0f}{known}")

    def note(self, where: str) -> None:
        """Live on a terminal; in a log now and then, so that whoever reads it sees that the work goes on."""
        raise_if_stopped()
        if self._task is None:
            return
        self._display.update(self._task, count=printable(where))
        now = time.monotonic()
        if not self._display.console.is_terminal and now - max(self._noted, self._started) >= _SILENCE:
            self._noted = now
            with suppress(OSError):
                self._display.console.print(f"  {self._name}: {printable(where)}", highlight=False, soft_wrap=True)

    def finish(self) -> None:
        """The step that was going on is done."""
        if self._task is not None:
            self._display.remove_task(self._task)
            self._task = None
            with suppress(OSError):  # nobody sees it; the work goes on
                self._display.console.print(
                    styled(("✓", "green"), f" {self._name} ", (f"{time.monotonic() - self._started:.1f} s", "dim")),
                    highlight=False,
                    soft_wrap=True,
                )


@contextmanager
def shown_progress() -> Iterator[ShownProgress]:
    """Progress that is shown while the `with` block runs."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}"),
        TimeElapsedColumn(),
    )
    display = RichProgress(*columns, console=Console(stderr=True), transient=True)
    progress = ShownProgress(display)
    with display if display.console.is_terminal else nullcontext():
        yield progress
        progress.finish()
