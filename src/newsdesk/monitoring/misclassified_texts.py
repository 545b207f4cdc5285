"""Texts that show what the model mixes up: their beginnings, where they are kept and may be seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

Pair = tuple[str, str]  # the predicted category, and the right one

NOT_ASKED_FOR = (
    "Texts are left out here. newsdesk monitor --examples shows them, and so does /monitor to who sends an API key "
    "with the scope admin."
)
NOT_KEPT = "There are no example texts, for none are kept (STORE_FEEDBACK_TEXT=false)."


class MisclassifiedText(NamedTuple):
    """The beginning of a text, how sure the model was of its answer, and the beginning of the window it answered in."""

    text: str
    confidence: float
    window: datetime


@dataclass(frozen=True)
class MisclassifiedTexts:
    """Some texts of each pair of categories that is mixed up; `why_none` says in a sentence why there are none."""

    of_pairs: Mapping[Pair, tuple[MisclassifiedText, ...]] = field(default_factory=dict)
    why_none: str = ""
