"""Which feedback counts: what it says of each text, and what is not used and why.

What an editor said last about a text is a vote. Votes of editors and callers who are not believed are left out (see
`trust`), then the later ones of a flood; of the others the majority counts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.peers import Voter, voter_of
from newsdesk.monitoring.report import LabelState
from newsdesk.monitoring.trust import Answer, Distrusted, believed, find_distrusted
from newsdesk.store.feedback import Vote


@dataclass(frozen=True)
class Labels:
    """The right category by text digest, and when it was said last; how many texts became what; who is not believed."""

    categories: Mapping[str, str]
    said_at: Mapping[str, datetime]
    states: Mapping[LabelState, int]
    distrusted: tuple[Distrusted, ...]

    def since(self, moment: datetime) -> int:
        """How many labels were given after `moment`."""
        return sum(at > moment for at in self.said_at.values())


def usable_labels(votes: Iterable[Vote], predicted: Mapping[str, Answer], limits: FeedbackLimits) -> Labels:
    """What the votes, in whatever order, come to.

    `predicted`: what a model said, by text digest, for votes that are about no prediction.
    """
    votes = sorted(votes, key=_in_time)
    distrusted = find_distrusted(votes, predicted, limits)
    heard = believed(votes, distrusted)
    used = _within(heard, limits)
    decided = _majorities(used)
    states: dict[str, LabelState] = dict.fromkeys((vote.text_digest for vote in votes), "distrusted")
    states |= dict.fromkeys((vote.text_digest for vote in heard), "flood")
    states |= dict.fromkeys((vote.text_digest for vote in used), "contradicted")
    states |= dict.fromkeys(decided, "used")
    return Labels(
        {text: category for text, (category, _) in decided.items()},
        {text: at for text, (_, at) in decided.items()},
        Counter(states.values()),
        tuple(sorted(distrusted, key=str)),
    )


def _in_time(vote: Vote) -> tuple[datetime, str, str, str]:
    """Alike for no two votes: an editor has one on a text."""
    return vote.at, vote.text_digest, vote.caller or "", vote.editor


def _within(votes: Iterable[Vote], limits: FeedbackLimits) -> list[Vote]:
    """The first votes of each day (UTC), as many as an editor, and then a caller, may give."""
    by_editor: Counter[tuple[Voter, date]] = Counter()
    by_caller: Counter[tuple[str | None, date]] = Counter()
    kept = []
    for vote in votes:
        day = vote.at.astimezone(UTC).date()
        by_editor[voter_of(vote), day] += 1
        if by_editor[voter_of(vote), day] > limits.max_per_editor_and_day:
            continue
        by_caller[vote.caller, day] += 1
        if by_caller[vote.caller, day] <= limits.max_per_caller_and_day:
            kept.append(vote)
    return kept


def _majorities(votes: Iterable[Vote]) -> dict[str, tuple[str, datetime]]:
    """What most say of each text, and when the last of them did; texts on which they are divided are left out."""
    said: defaultdict[str, dict[str, list[datetime]]] = defaultdict(dict)
    for vote in votes:
        said[vote.text_digest].setdefault(vote.category, []).append(vote.at)
    decided = {}
    for text, categories in said.items():
        (category, moments), *others = sorted(categories.items(), key=lambda item: -len(item[1]))
        if not others or len(others[0][1]) < len(moments):
            decided[text] = (category, max(moments))
    return decided
