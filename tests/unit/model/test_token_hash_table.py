import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from newsdesk.model.token_hash_table import UNKNOWN, Lanes, TokenHashTable

WORD = st.text(st.characters(exclude_characters=" \0"), min_size=1, max_size=24) | st.text(
    "ab", min_size=1, max_size=18
)


@settings(max_examples=200, deadline=None)
@given(known=st.lists(WORD, unique=True, max_size=30), others=st.lists(WORD, max_size=10), data=st.data())
def test_every_word_is_found_as_a_dictionary_finds_it(known: list[str], others: list[str], data: st.DataObject) -> None:
    numbers = {word: i for i, word in enumerate(known)}
    text = data.draw(st.lists(st.sampled_from([*known, *others, ""]), max_size=40)) if known or others else []
    written = " ".join(text).encode("utf-8", "surrogatepass")

    found, starts = TokenHashTable(numbers).find(written)

    words = [word for word in text if word]
    assert found.tolist() == [numbers.get(word, UNKNOWN) for word in words]
    assert [written[start:].split(b" ")[0].decode("utf-8", "surrogatepass") for start in starts] == words


def test_many_words_find_their_slots() -> None:
    numbers = {f"w{i}": i for i in range(50_000)}
    found, _ = TokenHashTable(numbers).find(" ".join([*numbers, "w50000", "v1"]).encode())
    assert found.tolist() == [*range(50_000), UNKNOWN, UNKNOWN]


def test_a_word_that_begins_like_another_is_another() -> None:
    words = ["a" * length for length in range(1, 40)]
    found, _ = TokenHashTable({word: len(word) for word in words}).find(" ".join(words).encode())
    assert found.tolist() == [len(word) for word in words]


def test_a_word_with_a_zero_byte_is_not_taken_for_one_without() -> None:
    with_zeros, without = {"ab\0": 1, "ab\0\0": 2}, {"ab": 3}
    words = b"ab ab\0 \0ab ab\0\0 ab"
    assert TokenHashTable(with_zeros).find(words)[0].tolist() == [UNKNOWN, 1, UNKNOWN, 2, UNKNOWN]
    assert TokenHashTable(without).find(words)[0].tolist() == [3, UNKNOWN, UNKNOWN, UNKNOWN, 3]


def test_words_that_collide_in_every_round_are_refused_instead_of_tried_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody has such words at hand, so every word is sent to the same slot."""

    def same_slot(_table: TokenHashTable, lanes: Lanes, _round: int) -> NDArray[np.intp]:
        return np.zeros(len(lanes[0]), dtype=np.intp)

    monkeypatch.setattr(TokenHashTable, "_slots", same_slot)
    with pytest.raises(ValueError, match="collide"):
        TokenHashTable({f"w{i}": i for i in range(30)})
