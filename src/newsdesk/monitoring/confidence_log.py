"""What a model answered beside the predictions that editors contradicted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine

from newsdesk.articles.category import category_key
from newsdesk.config.pipeline_config import FeedbackLimits
from newsdesk.monitoring.annotator_reliability import ConfidenceLog, PredictedLabel, prediction_for
from newsdesk.store.feedback import Annotation
from newsdesk.store.predictions import newest_predictions

_MAX_ANSWERS = 20_000  # answers of a model
_MARGIN = timedelta(days=1)  # after the last answer that was contradicted


def confidence_log(
    store: Engine, annotations: Sequence[Annotation], predicted: Mapping[str, PredictedLabel], limits: FeedbackLimits
) -> ConfidenceLog:
    """The newest answers of each model that was contradicted where it was confident, until a day after that.

    `predicted` is that of `find_distrusted`.
    """
    until: dict[str, datetime] = {}
    for annotation in annotations:
        answer = prediction_for(annotation, predicted)
        if answer is None or answer.confidence < limits.confident:
            continue
        if category_key(answer.category) != category_key(annotation.category):
            at = annotation.answered_at or annotation.at
            until[answer.digest] = max(at, until.get(answer.digest, at))
    log: defaultdict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for digest, moment in until.items():
        for text, category, confidence in newest_predictions(store, digest, moment + _MARGIN, _MAX_ANSWERS):
            log[digest, category][text] = confidence
    return log
