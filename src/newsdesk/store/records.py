"""The records that a server hands to the store, as plain values: creating them loads no database library."""

import os
import time
from dataclasses import dataclass, field, fields
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from newsdesk.errors import NewsdeskError

Arm = Literal["champion", "challenger", "shadow"]

ANONYMOUS = "anonymous:"  # begins the name of a caller without an API key: no key has a colon in its name

# Characters. What is longer might not fit into an index of PostgreSQL, which takes 2,704 bytes.
_MAX_LENGTHS = {
    "id": 36,
    "prediction_id": 36,
    "text_digest": 64,
    "category": 200,
    "editor": 200,
    "key": 200,
    "caller": 200,
}


class StoreError(NewsdeskError):
    """The store cannot be reached."""

    code = "store"
    may_pass = True


class StoreUntrusted(StoreError):  # noqa: N818 - it may be well
    """The store and this machine do not agree on encryption or certificates, which does not pass by itself."""

    may_pass = False


class StoreOutdated(StoreError):  # noqa: N818 - it is well, but old
    """The store is older than this version of Newsdesk, and waits for its migration."""

    code = "store_outdated"


class InvalidFeedback(NewsdeskError):  # noqa: N818 - the caller's doing
    """Feedback that no store could keep."""

    code = "invalid_feedback"


class FeedbackConflict(NewsdeskError):  # noqa: N818 - the caller's doing
    """An idempotency key was used before, for something else."""

    code = "feedback_conflict"


class TextMismatch(FeedbackConflict):
    """Feedback names a prediction, and sends a text that this prediction was not made of."""

    code = "text_mismatch"


class PredictionRecord(NamedTuple):  # one is made with every request, and a frozen dataclass takes four times as long
    """One answer. `id` is a UUID, `at` has a time zone. `known_share` is the share of words that the model knows,
    `terms` which of the terms it watches are there, as bits in hexadecimal; these two and `language` are known of a
    sample only. `pair_id` names, for a shadow answer, the champion's answer to the same text; `text` is None unless
    texts may be stored."""

    id: str
    at: datetime
    model_version: str
    digest: str
    category: str
    confidence: float
    text_length: int
    text_digest: str
    duration_ms: float
    known_share: float | None = None
    language: str | None = None
    caller: str | None = None
    arm: Arm | None = None
    pair_id: str | None = None
    text: str | None = None
    terms: str | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What an editor says about a prediction, about a text, or about a prediction of that text. Raises
    `InvalidFeedback`.

    `id` is a UUID, made once for each request, so that a repeated write is known again; `at` has a time zone; `key` is
    the client's idempotency key, unique among those of its caller and editor. `editor` may be whatever a request says;
    `caller` is who sent it, by its API key, and `trusted` whether an administrator vouches for that key.
    """

    id: str
    at: datetime
    category: str
    editor: str
    prediction_id: str | None = None
    text_digest: str | None = None
    text: str | None = None
    key: str | None = None
    caller: str | None = None
    trusted: bool = False

    def __post_init__(self) -> None:
        if not self.prediction_id and not self.text_digest:
            raise InvalidFeedback("Feedback names neither a prediction nor a text. Give one of them.")
        for name, value in as_row(self).items():
            if isinstance(value, str):
                _require_storable(name, value)

    @property
    def subject(self) -> str:
        """What the feedback is about: `prediction:<id>`, else `text:<digest>`."""
        return f"prediction:{self.prediction_id}" if self.prediction_id else f"text:{self.text_digest}"


@dataclass(frozen=True, slots=True)
class FeedbackReceipt:
    """What became of feedback. `spooled`: safe on disk, on its way to the store.

    `text_is_kept`: whether the store holds the text that it is about. `prediction_is_logged`: whether it holds the
    prediction that it names. None where there is no prediction, or nobody could look.
    """

    id: str
    status: Literal["created", "unchanged", "spooled"]
    text_is_kept: bool | None = field(default=None, compare=False)
    prediction_is_logged: bool | None = field(default=None, compare=False)


_FEEDBACK = [each.name for each in fields(Feedback)]


def _require_storable(name: str, value: str) -> None:
    if len(value) > _MAX_LENGTHS.get(name, len(value)):
        raise InvalidFeedback(f"The {name} of the feedback has more than {_MAX_LENGTHS[name]} characters. Shorten it.")
    if "\0" in value or not _is_encodable(value):
        raise InvalidFeedback(f"The {name} of the feedback has a character that is no text. Send valid Unicode.")


def _is_encodable(value: str) -> bool:
    """Whether no half of a surrogate pair is in it: said by the encoder, in a millisecond for a million characters."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): in the order of time, so that an index over many grows at its end alone."""
    random_bits = int.from_bytes(os.urandom(10), "big")
    number = time.time_ns() // 1_000_000 << 80 | 7 << 76 | random_bits & ~(0xF << 76) & ~(3 << 62) | 2 << 62
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def text_digest(text: str) -> str:
    """The digest that identifies a text: SHA-256 of its UTF-8, in hexadecimal."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def as_row(record: PredictionRecord | Feedback) -> dict[str, Any]:
    """The fields by name."""
    if isinstance(record, PredictionRecord):
        return record._asdict()
    return {name: getattr(record, name) for name in _FEEDBACK}


def as_json(record: PredictionRecord | Feedback) -> dict[str, Any]:
    """The fields by name, as JSON-serialisable values."""
    row = as_row(record) | {"at": record.at.isoformat()}
    if not row.get("trusted", True):
        del row["trusted"]  # an earlier version, which may read it after a way back, knows of no such field
    return row


def prediction_from_json(row: dict[str, Any]) -> PredictionRecord:
    """Reads what `as_json` made."""
    return PredictionRecord(**(row | {"at": datetime.fromisoformat(row["at"])}))


def feedback_from_json(row: dict[str, Any]) -> Feedback:
    """Reads what `as_json` made."""
    return Feedback(**(row | {"at": datetime.fromisoformat(row["at"])}))
