"""Which texts can be answered, and what to say with the answer."""

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.serving.errors import ApiError, invalid_input
from newsdesk.serving.model_source import Served
from newsdesk.text.invisible import has_words
from newsdesk.text.unspaced import unspaced_language, unspaced_warning


def unsuitable(text: str, served: Served) -> ApiError | None:
    """Why a text cannot be answered; None where it can."""
    shortest = served.predictor.bundle.manifest.text_cleaning.min_text_length
    if len(text) < shortest:
        return invalid_input(
            f"Text field is too short: at least {shortest} characters are needed", code="text_too_short"
        )
    if not text or text.isspace():
        return invalid_input("Text field is blank", code="text_blank")
    if len(text) > MAX_TEXT_LENGTH:
        return invalid_input(f"Text field is too long: at most {MAX_TEXT_LENGTH:,} characters are taken")
    if "\0" in text:
        return invalid_input("Text field holds a NUL character")
    if not has_words(text):
        return invalid_input("Text field has no letter or digit in it", code="text_without_words")
    try:
        text.encode()
    except UnicodeEncodeError:
        return invalid_input("Text field holds a broken Unicode character")
    return None


def warnings_about(text: str) -> list[str]:
    """Why an answer to `text` may be worth little, whatever its confidence."""
    language = unspaced_language(text)
    return [] if language is None else [unspaced_warning(language)]
