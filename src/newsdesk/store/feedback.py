"""Editors' feedback. The table keeps every revision; an editor's latest one counts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    Row,
    String,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from newsdesk.articles.category import InvalidCategory, category_key, clean_category
from newsdesk.store.predictions import predictions
from newsdesk.store.records import Feedback, FeedbackConflict, FeedbackReceipt, StoreError, TextMismatch, as_row
from newsdesk.store.schema import UtcDateTime, metadata

_MAX_TRIES = 20  # each lost race means that another request was recorded
_ROWS_AT_ONCE = 10_000

_feedback = Table(
    "feedback",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("said_last_at", UtcDateTime, nullable=False),  # a repetition moves it: after A, B and A again, A counts
    Column("subject", String, nullable=False),
    Column("prediction_id", String(36), index=True),
    Column("text_digest", String(64), index=True),
    Column("text", String),
    Column("category", String, nullable=False),
    Column("editor", String, nullable=False),
    Column("key", String),
    Column("revision", Integer, nullable=False),
    Column("caller", String),
    UniqueConstraint("subject", "editor", "revision"),
    Column("trusted", Boolean),  # whether an administrator vouched for the API key then
    UniqueConstraint("caller", "editor", "key"),
)
_no_caller = _feedback.c.caller.is_(None)
# The log may have come later than the feedback: a prediction of another text than was sent is not what it is about.
is_about = (_feedback.c.prediction_id == predictions.c.id) & (
    _feedback.c.text_digest.is_(None) | (_feedback.c.text_digest == predictions.c.text_digest)
)
Index(
    "ix_feedback_key_without_caller",
    _feedback.c.editor,
    _feedback.c.key,
    unique=True,
    sqlite_where=_no_caller,
    postgresql_where=_no_caller,
)


class Annotation(NamedTuple):
    """What an editor said last about a text, through one caller.

    `at` is when they said so first. `predicted` and `confidence` are what a model had answered, `digest` that of its
    bundle and `answered_at` when; known where the vote is about a prediction. `trusted`: by a key that an administrator
    vouches for.
    """

    text_digest: str
    editor: str
    category: str
    at: datetime
    caller: str | None = None
    predicted: str | None = None
    confidence: float | None = None
    digest: str | None = None
    answered_at: datetime | None = None
    trusted: bool = False


def record_feedback(store: Engine, feedback: Feedback) -> FeedbackReceipt:
    """Keep what an editor says; it is on disk when this returns.

    The same key of the same caller, or the same id, again gives the first row, however its category is spelled. Without
    a key, an editor who repeats, by the same caller, what they said last changes nothing, unless the text comes with it
    that was missing. Raises `FeedbackConflict` where the key came with another subject or category, `TextMismatch`
    where the prediction it names was made of another text.
    """
    for _ in range(_MAX_TRIES):
        try:
            with store.begin() as connection:
                prediction = _find_prediction(connection, feedback)
                if prediction and feedback.text_digest not in (None, prediction.text_digest):
                    raise TextMismatch("The prediction was made of another text. Send that text, or none.")
                recorded = _record(connection, feedback)
                return replace(
                    recorded,
                    text_is_kept=_is_text_kept(connection, recorded.id, feedback, prediction),
                    prediction_is_logged=prediction is not None if feedback.prediction_id else None,
                )
        except IntegrityError as error:
            lost_race = error
    raise StoreError("The store did not take the feedback: others write about the same text. Send it again.") from (
        lost_race
    )


def replay_feedback(store: Engine, feedback: Feedback) -> None:
    """Keep what was acknowledged before the store had seen it: a key that turns out to be taken, and a prediction that
    turns out to be of another text, do not count."""
    try:
        record_feedback(store, feedback)
    except TextMismatch:
        replay_feedback(store, replace(feedback, prediction_id=None))
    except FeedbackConflict:
        record_feedback(store, replace(feedback, key=None))


def current_feedback(store: Engine) -> list[Annotation]:
    """What each editor said last about each text that is known, directly or by a prediction of it.

    An editor is known by name and caller: nobody can take back what another one's key said in the same name. What
    stands in the category's place and is none, as earlier versions let it in, says nothing.
    """
    text = func.coalesce(_feedback.c.text_digest, predictions.c.text_digest)
    query = (
        select(
            text,
            _feedback.c.editor,
            _feedback.c.category.label("said"),
            _feedback.c.at,
            _feedback.c.caller,
            predictions.c.category,
            predictions.c.confidence,
            predictions.c.digest,
            predictions.c.at,
            func.coalesce(_feedback.c.trusted, False),
        )
        .select_from(_feedback.outerjoin(predictions, is_about))
        .where(text.is_not(None))
        .order_by(_feedback.c.said_last_at, _feedback.c.revision, _feedback.c.id)
    )
    newest: dict[tuple[str, str | None, str], Annotation] = {}
    with store.connect() as connection:
        for row in connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query):
            try:
                annotation = Annotation._make(row)._replace(category=clean_category(row.said), trusted=bool(row[-1]))
            except InvalidCategory:
                continue
            newest[annotation.text_digest, annotation.caller, annotation.editor] = annotation
    return list(newest.values())


def _record(connection: Connection, feedback: Feedback) -> FeedbackReceipt:
    if before := _find_by_key(connection, feedback):
        if before.subject != feedback.subject or category_key(before.category) != category_key(feedback.category):
            raise FeedbackConflict("This idempotency key came before with other feedback. Send a new key.")
        return FeedbackReceipt(before.id, "unchanged")
    history = _find_history(connection, feedback)
    own = (row for row in history if row.caller == feedback.caller)
    newest = max(own, key=lambda row: (row.said_last_at, row.revision), default=None)
    if newest and feedback.key is None and _adds_nothing(feedback, newest):
        _repeat(connection, newest, feedback)
        return FeedbackReceipt(newest.id, "unchanged")
    revision = max((row.revision for row in history), default=0) + 1
    row = as_row(feedback) | {"subject": feedback.subject, "said_last_at": feedback.at, "revision": revision}
    connection.execute(insert(_feedback).values(row))
    return FeedbackReceipt(feedback.id, "created")


def _adds_nothing(feedback: Feedback, newest: Row[Any]) -> bool:
    """The same category, with no text that was missing, and of no other text than what came before the log did."""
    is_same_text = newest.text_digest is None or feedback.text_digest in (None, newest.text_digest)
    is_missing = feedback.text is not None and newest.text is None
    return _is_same(newest.category, feedback.category) and is_same_text and not is_missing


def _is_same(before: str, now: str) -> bool:
    """Whether two categories are the same: earlier versions kept the blanks around one."""
    try:
        return clean_category(before) == clean_category(now)
    except InvalidCategory:
        return before == now


def _find_prediction(connection: Connection, feedback: Feedback) -> Row[Any] | None:
    """The prediction that it names, where the log holds it."""
    if feedback.prediction_id is None:
        return None
    columns = (predictions.c.text_digest, predictions.c.text.is_not(None).label("has_text"))
    return connection.execute(select(*columns).where(predictions.c.id == feedback.prediction_id)).first()


def _is_text_kept(connection: Connection, row: str, feedback: Feedback, prediction: Row[Any] | None) -> bool:
    """With the prediction, with this feedback, or with other feedback on the same text."""
    if prediction and prediction.has_text:
        return True
    matches = _feedback.c.id == row
    if digest := feedback.text_digest or (prediction and prediction.text_digest):
        matches |= _feedback.c.text_digest == digest
    return connection.execute(select(_feedback.c.id).where(matches, _feedback.c.text.is_not(None))).first() is not None


def _find_by_key(connection: Connection, feedback: Feedback) -> Row[Any] | None:
    same_key = (
        _feedback.c.caller.is_not_distinct_from(feedback.caller)
        & (_feedback.c.editor == feedback.editor)
        & (_feedback.c.key == feedback.key)
    )
    matches = _feedback.c.id == feedback.id if feedback.key is None else (_feedback.c.id == feedback.id) | same_key
    return connection.execute(select(_feedback).where(matches)).first()


def _find_history(connection: Connection, feedback: Feedback) -> Sequence[Row[Any]]:
    matches = (_feedback.c.subject == feedback.subject) & (_feedback.c.editor == feedback.editor)
    return connection.execute(select(_feedback).where(matches)).all()


def _repeat(connection: Connection, row: Row[Any], feedback: Feedback) -> None:
    if feedback.at > row.said_last_at:
        values = {"said_last_at": feedback.at, "trusted": bool(row.trusted) or feedback.trusted}
        connection.execute(update(_feedback).where(_feedback.c.id == row.id).values(values))
