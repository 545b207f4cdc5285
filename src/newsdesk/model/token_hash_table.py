"""Find the numbers of many words at once, without a step of Python for each word."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1
_SPACE = ord(" ")
_LANE = 8  # bytes of a word that one 64-bit integer holds
_LONGEST = 2 * _LANE
_PADDING = b" " * (_LONGEST + 1)
_ROUNDS = 16  # each leaves a small share of the words to the next: two or three are the rule
# By the length of a word: the bits of its first and of its second integer that are the word's own.
_FIRST, _SECOND = (
    np.array([(1 << 8 * min(max(length - begin, 0), _LANE)) - 1 for length in range(_LONGEST + 1)], dtype=np.uint64)
    for begin in (0, _LANE)
)

Lanes = tuple[NDArray[np.uint64], NDArray[np.uint64]]


class TokenHashTable:
    """A hash table in numpy, from words in UTF-8 to their numbers.

    A word of up to 16 bytes is two 64-bit integers, exactly. Round r looks it up in the slot that hash function r gives
    it; a slot holds one word, and words that lost their slot to another have theirs in the next round. Longer words
    and those with a NUL, which are rare, are looked up one by one.
    """

    def __init__(self, numbers: Mapping[str, int]) -> None:
        encoded = {word.encode("utf-8", "surrogatepass"): number for word, number in numbers.items()}
        self._others = {word: number for word, number in encoded.items() if len(word) > _LONGEST or b"\0" in word}
        short = [word for word in encoded if word not in self._others]
        lanes = np.frombuffer(b"".join(word.ljust(_LONGEST, b"\0") for word in short), dtype="<u8").reshape(-1, 2)
        first, second = np.ascontiguousarray(lanes.T)
        values = np.array([encoded[word] for word in short], dtype=np.int32)
        self._bits = max(8, (4 * len(short)).bit_length())
        self._factors = np.random.default_rng(0).integers(2**63, size=(_ROUNDS, 3), dtype=np.uint64) * 2 + 1
        self._rounds: list[tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int32]]] = []
        while len(values):
            if len(self._rounds) == _ROUNDS:
                raise ValueError("its words collide")  # one chance in 10^100, but a forger could find such words
            slots = self._slots((first, second), len(self._rounds))
            owner = np.full(1 << self._bits, -1)
            owner[slots] = np.arange(len(slots))
            self._rounds.append((first[owner], second[owner], np.where(owner >= 0, values[owner], UNKNOWN)))
            lost = owner[slots] != np.arange(len(slots))
            first, second, values = first[lost], second[lost], values[lost]

    def find(self, words: bytes) -> tuple[NDArray[np.int32], NDArray[np.intp]]:
        """The number of each word in `words`, parted by spaces, and where it begins; `UNKNOWN` for words not held."""
        padded = b" " + words + _PADDING
        is_space = np.frombuffer(padded, dtype=np.uint8) == _SPACE
        edges = np.flatnonzero(is_space[1:] != is_space[:-1])
        starts, lengths = edges[::2], edges[1::2] - edges[::2]
        # Every eight bytes that follow each other, as one integer: a view that overlaps itself.
        windows = np.ndarray(len(padded) - _LANE + 1, dtype="<u8", buffer=padded, strides=(1,))
        capped = np.minimum(lengths, _LONGEST)
        first, second = windows[starts + 1] & _FIRST[capped], windows[starts + 1 + _LANE] & _SECOND[capped]
        numbers = self._find_short((first, second))
        is_other = lengths > _LONGEST
        if b"\0" in words:  # as an integer, a word that ends in NUL is the word without
            nuls = np.concatenate([[0], np.cumsum(np.frombuffer(words, dtype=np.uint8) == 0)])
            is_other |= nuls[starts + lengths] > nuls[starts]
        for i in np.flatnonzero(is_other):
            numbers[i] = self._others.get(words[starts[i] : starts[i] + lengths[i]], UNKNOWN)
        return numbers, starts

    def _find_short(self, lanes: Lanes) -> NDArray[np.int32]:
        numbers = np.full(len(lanes[0]), UNKNOWN, dtype=np.int32)
        pending = np.arange(len(numbers))
        for r, (first, second, values) in enumerate(self._rounds):
            slots = self._slots(lanes, r)
            found = (first[slots] == lanes[0]) & (second[slots] == lanes[1])
            numbers[pending] = np.where(found, values[slots], UNKNOWN)
            missing = np.flatnonzero(~found)
            pending, lanes = pending[missing], (lanes[0][missing], lanes[1][missing])
        return numbers

    def _slots(self, lanes: Lanes, r: int) -> NDArray[np.intp]:
        mixed = (lanes[0] * self._factors[r, 0]) ^ (lanes[1] * self._factors[r, 1])
        mixed ^= mixed >> 32
        mixed *= self._factors[r, 2]
        slots: NDArray[np.intp] = (mixed >> (64 - self._bits)).astype(np.intp)
        return slots
