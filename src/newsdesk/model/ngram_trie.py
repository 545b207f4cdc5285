"""Find the terms of a vocabulary in a run of words, all at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.intp]


@dataclass(frozen=True)
class _Step:
    """From an n-gram and the word after it to the n-gram of one word more.

    `keys`, ascending, are n-gram x words of the vocabulary + word; `ngrams[i]` is what `keys[i]` leads to. `opens` and
    `closes` tell which n-grams and which words are in any key, to look up no others.
    """

    keys: Numbers
    ngrams: Numbers
    opens: NDArray[np.bool_]
    closes: NDArray[np.bool_]


class NgramTrie:
    """The terms of a vocabulary as a trie of word numbers; `terms[j]` are the words of column j.

    One-word n-grams are the words; each longer length numbers its own. The last number, -1, stands for none.
    """

    def __init__(self, terms: Sequence[Sequence[int]], word_count: int) -> None:
        longest = max(map(len, terms))
        steps: list[dict[int, int]] = [{} for _ in range(longest - 1)]
        columns: list[dict[int, int]] = [{} for _ in range(longest)]
        for j, (ngram, *others) in enumerate(terms):
            for step, word in zip(steps, others, strict=False):
                ngram = step.setdefault(ngram * word_count + word, len(step))
            columns[len(others)][ngram] = j
        counts = [word_count, *map(len, steps)]
        self._word_count = word_count
        self._columns = [_column_array(by_ngram, count) for by_ngram, count in zip(columns, counts, strict=True)]
        self._steps = [_make_step(keys, word_count, count) for keys, count in zip(steps, counts, strict=False)]

    def find(self, words: NDArray[np.int32]) -> tuple[Numbers, Numbers]:
        """The column of each term in `words`, overlapping ones too, and the position of its first word.

        A word of number -1 is none of the vocabulary's.
        """
        positions = np.arange(len(words))
        ngrams = words.astype(np.intp)
        matches = []
        for length, columns in enumerate(self._columns, start=1):
            if length > 1:
                positions, ngrams = self._extend(positions, ngrams, words, length)
            column = columns[ngrams]
            known = np.flatnonzero(column >= 0)
            matches.append((column[known], positions[known]))
        return np.concatenate([column for column, _ in matches]), np.concatenate([position for _, position in matches])

    def _extend(
        self, positions: Numbers, ngrams: Numbers, words: NDArray[np.int32], length: int
    ) -> tuple[Numbers, Numbers]:
        """The n-grams of `length` words that begin with those at `positions`, one word shorter."""
        step = self._steps[length - 2]
        inside = np.searchsorted(positions, len(words) - length, side="right")
        positions, ngrams = positions[:inside], ngrams[:inside]
        next_words = words[positions + (length - 1)]
        likely = np.flatnonzero(step.opens[ngrams] & step.closes[next_words])
        positions, keys = positions[likely], ngrams[likely] * self._word_count + next_words[likely]
        nearest = np.minimum(np.searchsorted(step.keys, keys), len(step.keys) - 1)
        hits = np.flatnonzero(step.keys[nearest] == keys)
        return positions[hits], step.ngrams[nearest[hits]]


def _column_array(columns: dict[int, int], count: int) -> Numbers:
    """`columns` as an array of `count` numbers and one more, -1 where there is none."""
    array = np.full(count + 1, -1)
    array[list(columns)] = list(columns.values())
    return array


def _make_step(keys: dict[int, int], word_count: int, ngram_count: int) -> _Step:
    array = np.array(list(keys), dtype=np.intp)
    opens, closes = np.zeros(ngram_count + 1, dtype=np.bool_), np.zeros(word_count + 1, dtype=np.bool_)
    opens[array // word_count] = True
    closes[array % word_count] = True
    order = np.argsort(array)
    return _Step(array[order], order, opens, closes)
