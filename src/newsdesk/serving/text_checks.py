"""Which texts can be answered, and what to say with the answer."""

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.articles.text_fault import TextFault, find_text_fault
from newsdesk.serving.error_codes import ErrorCode
from newsdesk.serving.errors import ApiError, invalid_input
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.text.unspaced import unspaced_language, unspaced_warning

# Fault → what is said of the field, and the code of the failure.
_REFUSALS: dict[TextFault, tuple[str, ErrorCode]] = {
    "too short": ("is too short: at least {shortest} characters are needed", "text_too_short"),
    "blank": ("is blank", "text_blank"),
    "too long": (f"is too long: at most {MAX_TEXT_LENGTH:,} characters are taken", "invalid_input"),
    "NUL": ("holds a NUL character", "invalid_input"),
    "without words": ("has no letter or digit in it", "text_without_words"),
    "broken character": ("holds a broken Unicode character", "invalid_input"),
}


def text_error(text: str, model: LoadedModel | None) -> ApiError | None:
    """Why a text cannot be answered, or learned from; None where it can. Without a model no text is too short."""
    shortest = 1 if model is None else model.predictor.bundle.manifest.text_cleaning.min_text_length
    if (fault := find_text_fault(text, shortest)) is None:
        return None
    template, code = _REFUSALS[fault]
    return invalid_input(f"Text field {template.format(shortest=shortest)}", code=code)


def text_warnings(text: str) -> list[str]:
    """Why an answer to `text` may be worth little, whatever its confidence."""
    language = unspaced_language(text)
    return [] if language is None else [unspaced_warning(language)]
