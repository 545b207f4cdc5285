"""Whose feedback is not believed: who disagrees too often with confident predictions, or with other editors.

An editor who is not believed has no say about others either: were their votes not there, all else would be the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal, Protocol

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.peers import Voter, circle_of, verdicts_of, voter_of
from newsdesk.store.feedback import Vote

Against = Literal["confident predictions", "other editors"]


class Answer(Protocol):
    """What a model said of a text."""

    @property
    def category(self) -> str: ...

    @property
    def confidence(self) -> float: ...


@dataclass(frozen=True)
class Distrusted:
    """An editor who is not believed, or, where `editor` is None, all who come by that caller; and why."""

    caller: str | None
    editor: str | None
    agreed: int
    compared: int
    against: Against

    def __str__(self) -> str:
        who = "All editors" if self.editor is None else f"Editor {self.editor}"
        agreed = f"agreed with {self.against} on {self.agreed:,} of {self.compared:,} texts"
        return f"{who} by caller {self.caller or 'unknown'} {agreed}."


def find_distrusted(votes: Sequence[Vote], predicted: Mapping[str, Answer], limits: FeedbackLimits) -> list[Distrusted]:
    """Editors and callers who agree too rarely: with confident predictions, then, of the others, with each other.

    `votes` come in the order of time. `predicted`: what a model said, by text digest, for votes that are about no
    prediction.
    """

    def answer(vote: Vote) -> str | None:
        if vote.predicted is not None and vote.confidence is not None:
            return vote.predicted if vote.confidence >= limits.confident else None
        known = predicted.get(vote.text_digest)
        return known.category if known is not None and known.confidence >= limits.confident else None

    by_model = _judge(votes, answer, limits, "confident predictions")
    left = believed(votes, by_model)
    circle = circle_of(left, limits)
    outside = [vote for vote in left if voter_of(vote) not in circle]
    verdict = verdicts_of(circle, left)
    spared = {caller for caller, _ in circle}
    return by_model + _judge(outside, verdict, limits, "other editors", spared)


def believed(votes: Iterable[Vote], distrusted: Iterable[Distrusted]) -> list[Vote]:
    """The votes of all others."""
    editors = {(one.caller, one.editor) for one in distrusted}
    callers = {one.caller for one in distrusted if one.editor is None}
    return [vote for vote in votes if vote.caller not in callers and voter_of(vote) not in editors]


def _judge(
    votes: Iterable[Vote],
    answer: Callable[[Vote], str | None],
    limits: FeedbackLimits,
    against: Against,
    spared: Set[str | None] = frozenset(),
) -> list[Distrusted]:
    """Editors who say too often something else than `answer`, then callers, but those `spared`, by all their others."""
    agreed: Counter[Voter] = Counter()
    compared: Counter[Voter] = Counter()
    for vote in votes:
        if (right := answer(vote)) is not None:
            compared[voter_of(vote)] += 1
            agreed[voter_of(vote)] += vote.category == right

    def is_bad(agreements: int, of: int) -> bool:
        return of >= limits.min_compared and agreements < limits.min_agreement * of

    bad = {voter for voter in compared if is_bad(agreed[voter], compared[voter])}
    agreed_by: Counter[str | None] = Counter()
    compared_by: Counter[str | None] = Counter()
    for caller, editor in compared.keys() - bad:
        agreed_by[caller] += agreed[caller, editor]
        compared_by[caller] += compared[caller, editor]
    found = [Distrusted(*voter, agreed[voter], compared[voter], against) for voter in bad]
    return found + [
        Distrusted(caller, None, agreed_by[caller], compared_by[caller], against)
        for caller in compared_by.keys() - spared
        if is_bad(agreed_by[caller], compared_by[caller])
    ]
