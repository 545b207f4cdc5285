"""From text to TF-IDF features, by the bundle's vocabulary alone."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.bundle import Vocabulary
from newsdesk.text.cleaning import splitter
from newsdesk.text.tokens import normalise

SHORTEST_TOKEN = 2  # characters; as for `TfidfVectorizer`, a shorter token is no term and parts no others
_UNKNOWN = -1
_PASSED_OVER = -2


@dataclass(frozen=True)
class Row:
    """The features of one text: `values[i]` in column `columns[i]`, zero elsewhere."""

    columns: NDArray[np.intp]
    values: NDArray[np.float64]


class TfidfFeatures:
    """What cleaning and then scikit-learn's `TfidfVectorizer` compute: tf x idf, l2-normalised."""

    def __init__(
        self, vocabulary: Vocabulary, idf: NDArray[np.float64], cleaning: TextCleaning, tfidf: TfidfConfig
    ) -> None:
        number = {
            word: i
            for i, word in enumerate(dict.fromkeys(word for term in vocabulary.terms for word in term.split(" ")))
        }
        self._ids = {form: _PASSED_OVER if word is None else number[word] for form, word in vocabulary.forms.items()}
        self._columns = {tuple(number[word] for word in term.split(" ")): j for j, term in enumerate(vocabulary.terms)}
        self._idf = idf
        self._lowercase = cleaning.lowercase
        self._split = splitter(cleaning)
        self._drop_numbers = cleaning.remove_numbers
        self._shortest, self._longest = tfidf.ngram_range
        self._sublinear = tfidf.sublinear_tf

    def row(self, text: str) -> Row:
        """The features of `text`, title and text joined, as it was written."""
        counts = Counter(self._known_terms(self._word_ids(text)))
        columns = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
        values = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
        if self._sublinear:
            values = np.log(values) + 1
        values *= self._idf[columns]
        norm = np.sqrt(values @ values)
        return Row(columns, values / norm if norm else values)

    def _word_ids(self, text: str) -> list[int]:
        tokens = self._split(normalise(text, lowercase=self._lowercase))
        if self._drop_numbers:
            tokens = [token for token in tokens if not token.isdecimal()]
        ids = self._ids.get
        return [i for token in tokens if len(token) >= SHORTEST_TOKEN and (i := ids(token, _UNKNOWN)) != _PASSED_OVER]

    def _known_terms(self, ids: list[int]) -> Iterable[int]:
        column = self._columns.get
        for length in range(self._shortest, self._longest + 1):
            for term in zip(*(ids[start:] for start in range(length)), strict=False):
                j = column(term)
                if j is not None:
                    yield j
