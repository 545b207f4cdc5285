"""What a model answered beside the predictions that editors contradicted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine

from newsdesk.articles.category import category_key
from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.trust import Answer, PredictionLog, answer_to
from newsdesk.store.feedback import Vote
from newsdesk.store.predictions import newest_answers

_MOST = 20_000  # answers of a model
_LATER = timedelta(days=1)  # after the last answer that was contradicted


def log_beside(
    store: Engine, votes: Sequence[Vote], predicted: Mapping[str, Answer], limits: FeedbackLimits
) -> PredictionLog:
    """The newest answers of each model that was contradicted where it was confident, until a day after that.

    `predicted` is that of `find_distrusted`.
    """
    until: dict[str, datetime] = {}
    for vote in votes:
        answer = answer_to(vote, predicted)
        if answer is None or answer.confidence < limits.confident:
            continue
        if category_key(answer.category) != category_key(vote.category):
            at = vote.answered_at or vote.at
            until[answer.digest] = max(at, until.get(answer.digest, at))
    log: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for digest, moment in until.items():
        for text, category, confidence in newest_answers(store, digest, moment + _LATER, _MOST):
            log[digest, category][text] = confidence
    return log
