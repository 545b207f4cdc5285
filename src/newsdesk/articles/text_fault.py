"""The faults that keep a text from being classified: one rule for the server and for the model that MLflow serves."""

from typing import Literal

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.text.invisible import has_words

TextFault = Literal["too short", "blank", "too long", "NUL", "without words", "broken character"]


def find_text_fault(text: str, shortest: int) -> TextFault | None:
    """The first fault of `text`; None where it can be classified. `shortest`: characters, as the model was trained."""
    if len(text) < shortest:
        return "too short"
    if not text or text.isspace():
        return "blank"
    if len(text) > MAX_TEXT_LENGTH:
        return "too long"
    if "\0" in text:
        return "NUL"
    if not has_words(text):
        return "without words"
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return "broken character"
    return None
