"""How long-running work reports its progress."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Progress(Protocol):
    """The command line shows these; the pipeline only calls them."""

    def step(self, name: str, total: int | None = None) -> None:
        """A new step begins; it has `total` parts, or nobody knows how many."""

    def advance(self, parts: int = 1) -> None:
        """So many more parts of the step are done."""

    def note(self, where: str) -> None:
        """The progress within the step, in words."""


class NoProgress:
    """Reports nothing."""

    def step(self, name: str, total: int | None = None) -> None: ...

    def advance(self, parts: int = 1) -> None: ...

    def note(self, where: str) -> None: ...


def track(items: Iterable[Item], progress: Progress, every: int = 500) -> Iterator[Item]:
    """Pass the items on and report them as done, `every` items at a time."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % every == 0:
            progress.advance(every)
