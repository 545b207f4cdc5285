"""Which labels tell how often a model is right: not those of editors who speak up only where it is wrong."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.peers import Voter, voter_of
from newsdesk.monitoring.trust import Answer, answer_to
from newsdesk.store.feedback import Vote

_FEW = 0.05  # share of confirmations below which somebody reports errors, and does not review


def reviewers(
    votes: Sequence[Vote],
    predicted: Mapping[str, Answer],
    limits: FeedbackLimits,
    trained_at: Mapping[str, datetime] = MappingProxyType({}),
) -> frozenset[Voter]:
    """Editors who confirm as well as correct, and those of whom that is not known.

    Who gave `min_compared` votes on what a model had answered is judged alone; the others together, by their caller:
    they have the same tool before them. `predicted` is that of `find_distrusted`. What a model says, by its
    digest, that was `trained_at` a later time than the vote, tells nothing: it may have learnt it from that vote.
    """
    outcomes: defaultdict[Voter, list[bool]] = defaultdict(list)
    for vote in votes:
        answer = answer_to(vote, predicted)
        if answer is None:
            continue
        is_older = answer.digest in trained_at and vote.at < trained_at[answer.digest]
        if vote.predicted is not None or not is_older:
            outcomes[voter_of(vote)].append(answer.category == vote.category)
    by_caller: defaultdict[str | None, list[bool]] = defaultdict(list)
    for voter, confirmed in outcomes.items():
        if len(confirmed) < limits.min_compared:
            by_caller[voter[0]] += confirmed

    def only_corrects(voter: Voter) -> bool:
        confirmed = outcomes.get(voter, [])
        if len(confirmed) < limits.min_compared:
            confirmed = by_caller.get(voter[0], [])
        return bool(confirmed) and sum(confirmed) < _FEW * len(confirmed)

    return frozenset(voter for voter in {voter_of(vote) for vote in votes} if not only_corrects(voter))
