"""Why feedback may come to less than was meant: said with the answer, for afterwards nobody asks."""

from collections.abc import Collection, Iterator
from uuid import UUID

from newsdesk.store.records import Feedback, FeedbackReceipt

_LOG_DELAY = 10_000  # milliseconds: a prediction reaches the log within a second, on a busy machine within a few
_UUID_WITH_TIME = 7  # version of the UUIDs that begin with the moment at which they were made


def feedback_warnings(
    feedback: Feedback,
    receipt: FeedbackReceipt,
    category: str | None,
    classes: Collection[str],
    *,
    store_feedback_text: bool,
) -> list[str]:
    """What became of `feedback` that an editor would not expect. `category` as the model spells it, of whose `classes`
    it should be one; None: the configuration leaves it out. No `classes`: there is no model."""
    return [
        *_prediction_warnings(feedback, receipt),
        *_text_warnings(receipt, store_feedback_text),
        *_category_warnings(category, classes),
    ]


def _prediction_warnings(feedback: Feedback, receipt: FeedbackReceipt) -> Iterator[str]:
    if receipt.prediction_is_logged is not False or _may_be_unlogged(feedback):
        return
    consequence = (
        "The label is taken for the text that came with it" if feedback.text_digest else "The label does not count"
    )
    yield f"No prediction of this id is in the log. {consequence}: compare prediction_id with that of the answer."


def _text_warnings(receipt: FeedbackReceipt, store_feedback_text: bool) -> Iterator[str]:
    if receipt.text_is_kept is not False:
        return
    remedy = "keep it with STORE_FEEDBACK_TEXT=true"
    if store_feedback_text:
        remedy = "send the text of the prediction along with prediction_id, as text"
    yield (
        "The text is not kept, so this label measures the model, and trains the next one only if the text is among the "
        f"articles the model was trained from. To teach, {remedy}."
    )


def _category_warnings(category: str | None, classes: Collection[str]) -> Iterator[str]:
    if category is None:
        yield "This category is left out here (data_pipeline.categories.exclude): the label does not count."
    elif classes and category not in classes:
        yield (
            "The model in charge does not know this category, and cannot have been right. A retraining learns it once "
            "data_pipeline.min_articles_per_category texts have it; GET /model/info lists the categories there are."
        )


def _may_be_unlogged(feedback: Feedback) -> bool:
    """Whether the prediction was made so lately that the log may not have it yet."""
    try:
        prediction_id = UUID(feedback.prediction_id or "")
    except ValueError:
        return False
    made_at = prediction_id.int >> 80  # milliseconds since 1970
    return prediction_id.version == _UUID_WITH_TIME and abs(feedback.at.timestamp() * 1000 - made_at) < _LOG_DELAY
