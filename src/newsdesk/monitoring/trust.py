"""Whose feedback is not believed: who disagrees too often with confident predictions, or with other editors.

Who reports nothing but errors disagrees always. Such an editor is believed where the errors fall on predictions that
were less sure than others: a model errs more often there, while who answers without reading hits sure and unsure ones
alike. That holds whether or not its confidence is calibrated, for only the order of the predictions matters.

Keys that an administrator vouches for are compared with each other alone: however many others agree, they take nobody's
voice away whom an administrator trusts. Where such a key has spoken of a text, the others are held against that.

An editor who is not believed has no say about others either: were their votes not there, all else would be the same.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import numpy as np

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.majority import majorities
from newsdesk.monitoring.peers import Voter, circle_of, verdicts_of, voter_of
from newsdesk.monitoring.significance import rank_sum
from newsdesk.store.feedback import Vote

Against = Literal["confident predictions", "trusted keys", "other editors"]


class Answer(Protocol):
    """What a model said of a text; `digest` is that of its bundle."""

    @property
    def category(self) -> str: ...

    @property
    def confidence(self) -> float: ...

    @property
    def digest(self) -> str: ...


class Said(NamedTuple):
    """An answer, and nothing else."""

    category: str
    confidence: float
    digest: str


# By bundle digest and predicted category: how confidently each text, by its digest, was predicted to be of it.
PredictionLog = Mapping[tuple[str, str], Mapping[str, float]]


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


@dataclass
class _Record:
    """What was compared of one editor, or of several. `contradicted` holds predictions, however confident."""

    agreed: int = 0
    compared: int = 0
    contradicted: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)

    def compare(self, vote: Vote, right: str) -> None:
        self.compared += 1
        self.agreed += vote.category == right

    def contradict(self, vote: Vote, answer: Answer) -> None:
        self.contradicted.setdefault((answer.digest, answer.category), {})[vote.text_digest] = answer.confidence

    def add(self, other: "_Record") -> None:
        self.agreed += other.agreed
        self.compared += other.compared
        for key, texts in other.contradicted.items():
            self.contradicted.setdefault(key, {}).update(texts)

    def is_bad(self, limits: FeedbackLimits, log: PredictionLog) -> bool:
        if self.compared < limits.min_compared or self.agreed >= limits.min_agreement * self.compared:
            return False
        # Editors may have seen all predictions, or only those that were sure enough to be published.
        return not any(
            _p_of_blindness(self.contradicted, log, least) < limits.significance / 2 for least in (0, limits.confident)
        )


def find_distrusted(
    votes: Sequence[Vote], predicted: Mapping[str, Answer], limits: FeedbackLimits, log: PredictionLog
) -> list[Distrusted]:
    """Editors and callers who agree too rarely: with confident predictions, then, of the others, with trusted keys and
    with each other.

    `votes` come in the order of time. `predicted`: what a model said, by text digest, for votes that are about no
    prediction. `log`: predictions of the models that the votes are about, whether or not there are votes on them.
    """
    by_voter: defaultdict[Voter, _Record] = defaultdict(_Record)
    for vote in votes:
        answer = answer_to(vote, predicted)
        if answer is None:
            continue
        if answer.confidence >= limits.confident:
            by_voter[voter_of(vote)].compare(vote, answer.category)
        if answer.category != vote.category:
            by_voter[voter_of(vote)].contradict(vote, answer)
    by_model = _judge(by_voter, limits, log, "confident predictions")
    by_trusted, vouched = _against_trusted(believed(votes, by_model), limits)
    left = believed(votes, by_model + by_trusted)
    circle = circle_of(left, limits)
    standards = circle | vouched.voters
    outside = [vote for vote in left if voter_of(vote) not in standards]
    said_by_circle = verdicts_of(circle, left)
    by_others = _compared(outside, lambda vote: vouched.says.get(vote.text_digest) or said_by_circle(vote))
    return by_model + by_trusted + _judge(by_others, limits, {}, "other editors", {caller for caller, _ in standards})


def believed(votes: Iterable[Vote], distrusted: Iterable[Distrusted]) -> list[Vote]:
    """The votes of all others."""
    editors = {(one.caller, one.editor) for one in distrusted}
    callers = {one.caller for one in distrusted if one.editor is None}
    return [vote for vote in votes if vote.caller not in callers and voter_of(vote) not in editors]


def answer_to(vote: Vote, predicted: Mapping[str, Answer]) -> Answer | None:
    """What a model said of what a vote is about; None where that is not known."""
    if vote.predicted is not None and vote.confidence is not None:
        return Said(vote.predicted, vote.confidence, vote.digest or "")
    return predicted.get(vote.text_digest)


class _Vouched(NamedTuple):
    """Editors by trusted keys, and what these say of each text."""

    voters: frozenset[Voter]
    says: Mapping[str, str]


def _against_trusted(votes: Sequence[Vote], limits: FeedbackLimits) -> tuple[list[Distrusted], _Vouched]:
    """Who agrees too rarely with trusted keys: of these who contradicts the others, and of all others; who is left of
    the trusted ones."""
    trusted = [vote for vote in votes if vote.trusted]
    voters = frozenset(map(voter_of, trusted))
    circle = circle_of(trusted, limits)
    by_peers = _compared([vote for vote in trusted if voter_of(vote) not in circle], verdicts_of(circle, trusted))
    bad = _judge(by_peers, limits, {}, "trusted keys", {caller for caller, _ in circle})
    left = believed(trusted, bad)
    says = {text: category for text, (category, _) in majorities(left).items()}
    others = _compared(
        [vote for vote in votes if voter_of(vote) not in voters], lambda vote: says.get(vote.text_digest)
    )
    bad += _judge(others, limits, {}, "trusted keys", {caller for caller, _ in voters})
    return bad, _Vouched(frozenset(map(voter_of, left)), says)


def _compared(votes: Iterable[Vote], right: Callable[[Vote], str | None]) -> dict[Voter, _Record]:
    """The record of each editor, on texts of which it is known what is `right`."""
    by_voter: defaultdict[Voter, _Record] = defaultdict(_Record)
    for vote in votes:
        if (category := right(vote)) is not None:
            by_voter[voter_of(vote)].compare(vote, category)
    return by_voter


def _judge(
    by_voter: Mapping[Voter, _Record],
    limits: FeedbackLimits,
    log: PredictionLog,
    against: Against,
    spared: Set[str | None] = frozenset(),
) -> list[Distrusted]:
    """Editors with a bad record, then callers, but those `spared`, with a bad one over all their others."""
    bad = {voter for voter, record in by_voter.items() if record.is_bad(limits, log)}
    by_caller: defaultdict[str | None, _Record] = defaultdict(_Record)
    for voter in by_voter.keys() - bad:
        by_caller[voter[0]].add(by_voter[voter])
    found = [Distrusted(*voter, by_voter[voter].agreed, by_voter[voter].compared, against) for voter in bad]
    return found + [
        Distrusted(caller, None, record.agreed, record.compared, against)
        for caller, record in by_caller.items()
        if caller not in spared and record.is_bad(limits, log)
    ]


def _p_of_blindness(
    contradicted: Mapping[tuple[str, str], Mapping[str, float]], log: PredictionLog, least: float
) -> float:
    """The probability that who contradicts without reading hits, among predictions of at least the confidence `least`,
    such that are as unsure beside the others of the same model and category."""
    strata = []
    for key, texts in contradicted.items():
        hit = [confidence for confidence in texts.values() if confidence >= least]
        rest = [sure for text, sure in log.get(key, {}).items() if sure >= least and text not in texts]
        strata.append((np.array(hit), np.array(rest)))
    return rank_sum(strata)
