"""From text to TF-IDF features, by the bundle's vocabulary alone."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.bundle import Vocabulary
from newsdesk.text.tokens import normalise, splitter

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
        # By the number of words in a term: a word's number, or a tuple of several, to the term's column.
        lengths = range(tfidf.ngram_range[0], tfidf.ngram_range[1] + 1)
        self._columns: dict[int, dict[int | tuple[int, ...], int]] = {length: {} for length in lengths}
        for j, term in enumerate(vocabulary.terms):
            ids = tuple(number[word] for word in term.split(" "))
            self._columns[len(ids)][ids if len(ids) > 1 else ids[0]] = j
        self._idf = idf
        self._lowercase = cleaning.lowercase
        self._split = splitter(punctuation=not cleaning.remove_punctuation, shortest=SHORTEST_TOKEN)
        self._drop_numbers = cleaning.remove_numbers
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
        return [i for token in tokens if (i := ids(token, _UNKNOWN)) != _PASSED_OVER]

    def _known_terms(self, ids: list[int]) -> list[int]:
        known: list[int] = []
        for length, columns in self._columns.items():
            column = columns.get
            terms = ids if length == 1 else zip(*(ids[start:] for start in range(length)), strict=False)
            known += [j for term in terms if (j := column(term)) is not None]
        return known
