"""From text to TF-IDF features, by the bundle's vocabulary alone."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.bundle import Vocabulary
from newsdesk.model.csr_matrix import CsrMatrix
from newsdesk.model.term_counting import ScalarTermCounter, TermCounts, VectorisedTermCounter, index_vocabulary
from newsdesk.text.invisible import has_invisible
from newsdesk.text.tokens import word_writer

SHORTEST_TOKEN = 2  # characters; as for `TfidfVectorizer`, a shorter token is no term and parts no others
_HEADLINE_CHARACTERS = 500  # up to which a text may have so few terms that no arrays are needed
_FEW_CHARACTERS = 5000  # up to which a single text is counted faster by dictionaries than by arrays


class TfidfFeatures:
    """What cleaning and then scikit-learn's `TfidfVectorizer` compute: tf x idf, l2-normalised."""

    def __init__(
        self, vocabulary: Vocabulary, idf: NDArray[np.float64], cleaning: TextCleaning, tfidf: TfidfConfig
    ) -> None:
        words = index_vocabulary(vocabulary)
        write = word_writer(
            lowercase=cleaning.lowercase,
            punctuation=not cleaning.remove_punctuation,
            numbers=not cleaning.remove_numbers,
            shortest=SHORTEST_TOKEN,
            # Words of a bundle that was trained before invisible characters were dropped may have them.
            invisible=has_invisible("".join(vocabulary.forms)),
        )
        self._scalar_counter = ScalarTermCounter(words, write)
        self._vectorised_counter = VectorisedTermCounter(words, write)
        self._idf = idf
        self._sublinear = tfidf.sublinear_tf

    def few_terms(self, text: str) -> TermCounts | None:
        """The terms of a headline; None for a longer text."""
        return self._scalar_counter.count(text) if len(text) <= _HEADLINE_CHARACTERS else None

    def terms(self, text: str) -> TermCounts:
        """The terms of any text."""
        return self._scalar_counter.count(text)

    def row(self, terms: TermCounts) -> CsrMatrix:
        """The features of a text with these terms."""
        counts = terms.counts
        columns = np.fromiter(counts.keys(), dtype=np.intp, count=len(counts))
        values = np.fromiter(counts.values(), dtype=np.float64, count=len(counts))
        return self._weighted(CsrMatrix(np.array([0, len(counts)]), columns, values, np.array([terms.known_share])))

    def rows(self, texts: Sequence[str]) -> CsrMatrix:
        """The features of texts, title and text joined, as they were written."""
        if len(texts) == 1 and len(texts[0]) <= _FEW_CHARACTERS:
            return self.row(self._scalar_counter.count(texts[0]))
        return self._weighted(self._vectorised_counter.count(texts))

    def _weighted(self, counts: CsrMatrix) -> CsrMatrix:
        values = np.log(counts.values) + 1 if self._sublinear else counts.values
        values = values * self._idf[counts.columns]
        if counts.height == 1:
            return counts._replace(values=values / (math.sqrt(values @ values) or 1.0))
        owners = np.repeat(np.arange(counts.height), np.diff(counts.starts))
        norms = np.sqrt(np.bincount(owners, values * values, minlength=counts.height))
        return counts._replace(values=values / norms[owners])
