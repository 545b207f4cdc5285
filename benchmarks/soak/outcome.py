"""What a soak came to."""

from dataclasses import dataclass
from typing import Any

from benchmarks.soak.accounts import Account
from benchmarks.soak.samples import Sample, Trend, trends


@dataclass(frozen=True)
class Event:
    """A fault, in seconds of the soak."""

    fault: str
    begun: float
    ended: float


@dataclass(frozen=True)
class Outcome:
    """`ending`: seconds from SIGTERM to the end; `longest`: seconds, of each kind of request."""

    minutes: float
    has_disks: bool
    ending: float
    samples: list[Sample]
    events: list[Event]
    account: Account
    requests: dict[str, int]
    answers: dict[str, int]
    longest: dict[str, float]
    unanswered: int

    @property
    def trends(self) -> list[Trend]:
        return trends(self.samples)

    @property
    def violations(self) -> list[str]:
        """What should not be; growth is told of a run of ten minutes or longer only: a shorter one just warms up."""
        grown = [
            f"{trend.name} grew by {trend.growth / trend.unit:.1f} in the second half"
            for trend in self.trends
            if self.minutes >= 10 and not trend.is_flat
        ]
        return [*self.account.violations, *grown]


def outcome_from_json(told: dict[str, Any]) -> Outcome:
    """What another process has told."""
    return Outcome(
        **(
            told
            | {
                "samples": [Sample(**sample) for sample in told["samples"]],
                "events": [Event(**event) for event in told["events"]],
                "account": Account(**told["account"]),
            }
        )
    )
