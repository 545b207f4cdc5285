"""Small makers of what the store keeps."""

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from newsdesk.store.database import open_store
from newsdesk.store.feedback import current_feedback
from newsdesk.store.records import Feedback, PredictionRecord, text_digest

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def prediction(**changes: Any) -> PredictionRecord:
    """A prediction with an id of its own."""
    usual: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "at": NOON,
        "model_version": "1",
        "digest": "sha256:ab",
        "category": "sport",
        "confidence": 0.75,
        "text_length": 28,
        "text_digest": text_digest("Lakers win the championship"),
        "duration_ms": 0.5,
    }
    return PredictionRecord(**(usual | changes))


def feedback(**changes: Any) -> Feedback:
    """Feedback about a text, with an id of its own."""
    usual: dict[str, Any] = {"id": str(uuid.uuid4()), "at": NOON, "category": "sport", "editor": "Ruth"}
    subject = {} if "prediction_id" in changes else {"text_digest": text_digest("Lakers win the championship")}
    return Feedback(**(usual | subject | changes))


def said(store: Engine) -> list[tuple[str, str, str]]:
    """Text, editor and category of what counts, in order."""
    return sorted(
        (annotation.text_digest, annotation.editor, annotation.category) for annotation in current_feedback(store)
    )


@contextmanager
def opened(address: str) -> Iterator[Engine]:
    """The store at an address, with all tables."""
    engine = open_store(address)
    try:
        yield engine
    finally:
        engine.dispose()


def store_at(file: Path) -> AbstractContextManager[Engine]:
    """A SQLite store."""
    return opened(f"sqlite:///{file}")


def store_in(folder: Path) -> AbstractContextManager[Engine]:
    """A SQLite store in a folder."""
    return store_at(folder / "store.db")
