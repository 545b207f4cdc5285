"""Cleaning: the switches of `preprocessing.text_cleaning`, applied alike in training, batch and serving.

In this order: what is not seen is dropped (soft hyphens, zero-width characters), `lowercase`, accents are composed
(Unicode NFC), split into words and punctuation, `remove_punctuation`, `remove_numbers` (words of decimal digits only),
`remove_stopwords`, `lemmatization`. What is left is joined by single spaces.
"""

from collections.abc import Mapping

from newsdesk.config.model_config import TextCleaning
from newsdesk.text.lemmas import noun_lemmas
from newsdesk.text.stop_words import STOP_WORDS
from newsdesk.text.tokens import normalise, splitter


def join_title_and_text(title: str, text: str) -> str:
    """One string to classify: the title, a blank line, the text; or whichever of the two is not blank.

    A text that already opens with its title is taken as it is, so that no headline counts twice.
    """
    title, text = title.strip(), text.strip()
    if not title or text.startswith(title):
        return text
    return f"{title}\n\n{text}" if text else title


class Cleaner:
    """Turns raw text into cleaned text. Never raises: every string, lone surrogates included, has a cleaned form."""

    def __init__(self, settings: TextCleaning) -> None:
        self.settings = settings
        self._split = splitter(punctuation=not settings.remove_punctuation)
        self._stop_words: frozenset[str] = STOP_WORDS if settings.remove_stopwords else frozenset()
        self._lemmas: Mapping[str, str] = noun_lemmas() if settings.lemmatization else {}

    def clean(self, text: str) -> str:
        """The words that are left of `text`, joined by spaces; empty where nothing is left."""
        tokens = self._split(normalise(text, lowercase=self.settings.lowercase))
        if self.settings.remove_numbers:
            tokens = [token for token in tokens if not token.isdecimal()]
        lemma = self._lemmas.get
        return " ".join(lemma(token, token) for token in tokens if token not in self._stop_words)
