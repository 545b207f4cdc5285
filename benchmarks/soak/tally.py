"""What the clients of a soak have seen: what was acknowledged, and what should not have been answered so."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_AFTERMATH = 4.0  # seconds after a fault in which it may still show


@dataclass(frozen=True)
class Window:
    """When a fault was there, in seconds of `time.monotonic`."""

    fault: str
    begun: float
    ended: float

    def holds(self, moment: float) -> bool:
        return self.begun <= moment <= self.ended + _AFTERMATH


@dataclass
class Tally:
    """`predictions`: when each was acknowledged, by its id. `feedback`: the acknowledged category by its key."""

    requests: Counter[str] = field(default_factory=Counter)  # by what they were
    answers: Counter[str] = field(default_factory=Counter)  # by status, and code of a failure
    predictions: dict[str, float] = field(default_factory=dict)
    feedback: dict[str, str] = field(default_factory=dict)
    longest: dict[str, float] = field(default_factory=dict)  # seconds, by what it was
    unanswered: list[tuple[float, str]] = field(default_factory=list)
    server_errors: list[tuple[float, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def during(self, fault: str) -> Iterator[None]:
        """Note when a fault was there."""
        begun = time.monotonic()
        self.faults[fault] += 1
        try:
            yield
        finally:
            self.windows.append(Window(fault, begun, time.monotonic()))

    def in_window(self, moment: float, *faults: str) -> bool:
        """Whether one of these faults was there, or just over."""
        return any(window.fault in faults and window.holds(moment) for window in self.windows)

    def note(self, what: str, status: int, code: str, seconds: float) -> None:
        """One answer."""
        self.requests[what] += 1
        self.answers[f"{status} {code}".strip()] += 1
        self.longest[what] = max(self.longest.get(what, 0.0), seconds)
        if status >= 500:
            self.server_errors.append((time.monotonic(), f"{what}: {status} {code}"))

    def broken(self, what: str) -> None:
        """A connection ended before the answer was there."""
        self.unanswered.append((time.monotonic(), what))

    def require(self, is_right: bool, what: str) -> None:
        """Note what is not as it should be."""
        if not is_right:
            self.wrong.append(what)
