"""Count the vocabulary's terms in texts: one text at a time with dictionaries, or a whole batch with arrays.

Both give the same counts. Dictionaries have no cost to begin with, arrays have next to none for each word more.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from newsdesk.model.bundle import Vocabulary
from newsdesk.model.csr_matrix import CsrMatrix
from newsdesk.model.ngram_trie import NgramTrie
from newsdesk.model.token_hash_table import UNKNOWN, TokenHashTable

_PASSED_OVER = -2
_BETWEEN_TEXTS = b" \n "  # a word that is never known, so that no term reaches from one text into the next

Writer = Callable[[str], bytes]  # from raw text to its words in UTF-8, parted by spaces


@dataclass(frozen=True)
class IndexedVocabulary:
    """A vocabulary with a number for each word that occurs in a term.

    A word that is a term has its column for a number; others follow. `forms` leads from a surface form to its word's
    number, or to None where the form is passed over; `terms[j]` is the n-gram of column j.
    """

    forms: dict[str, int | None]
    terms: list[tuple[int, ...]]
    word_count: int


def index_vocabulary(vocabulary: Vocabulary) -> IndexedVocabulary:
    """Number the words of `vocabulary`. Raises `KeyError` where a form leads to a word that no term has."""
    terms = [term.split(" ") for term in vocabulary.terms]
    number_of = {words[0]: j for j, words in enumerate(terms) if len(words) == 1}
    ngram_words = dict.fromkeys(word for words in terms for word in words if word not in number_of)
    number_of |= {word: len(terms) + i for i, word in enumerate(ngram_words)}
    # A writer may leave words of one ASCII character; these are no terms and part no others.
    forms = {form: None if word is None else number_of[word] for form, word in vocabulary.forms.items()}
    forms |= dict.fromkeys(["", *map(chr, range(33, 128))])
    return IndexedVocabulary(
        forms, [tuple(number_of[word] for word in words) for words in terms], len(terms) + len(ngram_words)
    )


class TermCounts(NamedTuple):
    """How often each column's term occurs in a text, and the share of its words that occur in the vocabulary, 0 where
    there is no word."""

    counts: Counter[int]
    known_share: float


class ScalarTermCounter:
    """Counts with dictionaries."""

    def __init__(self, vocabulary: IndexedVocabulary, write: Writer) -> None:
        self._number_of = vocabulary.forms.get
        self._write = write
        self._width = len(vocabulary.terms)
        columns: dict[int, dict[tuple[int, ...], int]] = {}  # by the number of words in a term
        for j, term in enumerate(vocabulary.terms):
            if len(term) > 1:
                columns.setdefault(len(term), {})[term] = j
        self._columns = [(length, by_ngram.get) for length, by_ngram in sorted(columns.items())]

    def count(self, text: str) -> TermCounts:
        """The terms of one text."""
        numbers = self._numbers(text)
        share = 1 - numbers.count(UNKNOWN) / len(numbers) if numbers else 0.0
        return TermCounts(Counter(self._known_terms(numbers)), share)

    def _numbers(self, text: str) -> list[int]:
        words = self._write(text).decode("utf-8", "surrogatepass").split(" ")
        return [number for number in map(self._number_of, words, repeat(UNKNOWN)) if number is not None]

    def _known_terms(self, numbers: list[int]) -> list[int]:
        known = [number for number in numbers if 0 <= number < self._width]
        for length, column in self._columns:
            ngrams = zip(*(numbers[start:] for start in range(length)), strict=False)
            known += [j for j in map(column, ngrams) if j is not None]
        return known


class VectorisedTermCounter:
    """Counts with arrays."""

    def __init__(self, vocabulary: IndexedVocabulary, write: Writer) -> None:
        self._write = write
        self._width = len(vocabulary.terms)
        numbers = {form: _PASSED_OVER if number is None else number for form, number in vocabulary.forms.items()}
        numbers.pop(_BETWEEN_TEXTS.decode().strip(" "), None)
        self._words = TokenHashTable(numbers)
        self._ngrams = NgramTrie(vocabulary.terms, vocabulary.word_count)

    def count(self, texts: Sequence[str]) -> CsrMatrix:
        """The terms of all texts, columns ascending in each."""
        words, text_of = self._word_numbers(texts)
        shares = _known_shares(words, text_of, len(texts))
        columns, positions = self._ngrams.find(words)
        cells = text_of[positions] * self._width + columns
        if len(texts) * self._width < 2**31:
            cells = cells.astype(np.int32)  # sorted twice as fast
        cells.sort()
        firsts = np.flatnonzero(np.diff(cells, prepend=-1))
        counts = np.diff(firsts, append=len(cells)).astype(np.float64)
        cells = cells[firsts]
        starts = np.searchsorted(cells, np.arange(len(texts) + 1) * self._width)
        owners = np.repeat(np.arange(len(texts)), np.diff(starts))
        return CsrMatrix(starts, cells - owners * self._width, counts, shares)

    def _word_numbers(self, texts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
        """The words of all texts that are not passed over, one after the other, and to which text each belongs."""
        written = [self._write(text) for text in texts]
        numbers, starts = self._words.find(_BETWEEN_TEXTS.join(written))
        ends = np.cumsum([len(words) + len(_BETWEEN_TEXTS) for words in written])
        text_of = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(starts, ends), prepend=0))
        kept = np.flatnonzero(numbers != _PASSED_OVER)
        return numbers[kept], text_of[kept]


def _known_shares(words: NDArray[np.int32], text_of: NDArray[np.intp], height: int) -> NDArray[np.float64]:
    """For each text, the share of its words that are not unknown. Each text but the last ends in a word between."""
    totals = np.bincount(text_of, minlength=height)
    known = np.bincount(text_of[words != UNKNOWN], minlength=height)
    totals[:-1] -= 1
    return known / np.maximum(totals, 1)
