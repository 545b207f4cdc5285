"""The texts that feedback is about, where they are kept: with it, or with the prediction that it names."""

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, Table, func, select, update

from newsdesk.store.feedback import is_about
from newsdesk.store.predictions import predictions
from newsdesk.store.schema import metadata

_feedback = metadata.tables["feedback"]
_ROWS_AT_ONCE = 10_000
_NAMED_AT_ONCE = 1_000  # digests in one statement
_WRITTEN_AT_ONCE = 5_000  # rows in one transaction: servers write meanwhile
_text = func.coalesce(_feedback.c.text, predictions.c.text)
_digest = func.coalesce(_feedback.c.text_digest, predictions.c.text_digest)
_joined = _feedback.outerjoin(predictions, is_about)
_is_known = _text.is_not(None) & _digest.is_not(None)


def known_texts(store: Engine) -> Iterator[tuple[str, str]]:
    """Digest and text that feedback is about; a text may occur more than once."""
    query = select(_digest, _text).select_from(_joined).where(_is_known)
    with store.connect() as connection:
        for row in connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query):
            yield row[0], row[1]


def known_text_digests(store: Engine) -> set[str]:
    """The digests alone."""
    with store.connect() as connection:
        return set(connection.execute(select(_digest).select_from(_joined).where(_is_known)).scalars())


def text_beginnings(store: Engine, digests: Collection[str], characters: int) -> dict[str, str]:
    """The first characters of those of these texts that came with feedback and are kept, by digest."""
    beginnings: dict[str, str] = {}
    ordered = sorted(digests)
    with store.connect() as connection:
        for start in range(0, len(ordered), _NAMED_AT_ONCE):
            query = select(_feedback.c.text_digest, func.substr(_feedback.c.text, 1, characters)).where(
                _feedback.c.text_digest.in_(ordered[start : start + _NAMED_AT_ONCE]), _feedback.c.text.is_not(None)
            )
            beginnings.update((digest, text) for digest, text in connection.execute(query))
    return beginnings


def old_text_digests(store: Engine, before: datetime) -> set[str]:
    """The digests of the texts that are nowhere any more after `remove_old_texts`."""
    old: set[str] = set()
    recent: set[str] = set()
    with store.connect() as connection:
        for table, is_old in _text_columns(before):
            for digests, condition in ((old, is_old), (recent, ~is_old)):
                has_text = select(table.c.text_digest).where(table.c.text.is_not(None), condition)
                digests.update(connection.execute(has_text).scalars())
    return old - recent


def remove_old_texts(store: Engine, before: datetime) -> None:
    """Remove texts on which nobody gave feedback since; the feedback stays. Killed, it can simply be run again."""
    for table, is_old in _text_columns(before):
        removed = _WRITTEN_AT_ONCE
        while removed == _WRITTEN_AT_ONCE:
            batch = select(table.c.id).where(table.c.text.is_not(None), is_old).limit(_WRITTEN_AT_ONCE)
            with store.begin() as connection:
                removed = connection.execute(update(table).where(table.c.id.in_(batch)).values(text=None)).rowcount


def _text_columns(before: datetime) -> list[tuple[Table, ColumnElement[bool]]]:
    """Where texts are kept, and which of those with feedback are old. Predictions without feedback have an age of their
    own."""
    feedback_ids = select(_feedback.c.id).where(_feedback.c.prediction_id == predictions.c.id)
    is_recent = feedback_ids.where(_feedback.c.said_last_at >= before).exists()
    return [(_feedback, _feedback.c.said_last_at < before), (predictions, feedback_ids.exists() & ~is_recent)]
