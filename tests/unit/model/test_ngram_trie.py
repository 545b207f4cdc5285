import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.model.ngram_trie import NgramTrie

WORDS = 5
terms = st.lists(
    st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=4).map(tuple), min_size=1, max_size=25, unique=True
)
texts = st.lists(st.integers(-1, WORDS - 1), max_size=30)


@settings(max_examples=300, deadline=None)
@given(terms=terms, words=texts)
def test_every_term_is_found_at_every_place_where_its_words_stand(
    terms: list[tuple[int, ...]], words: list[int]
) -> None:
    columns, places = NgramTrie(terms, WORDS).find(np.array(words, dtype=np.int32))
    expected = [
        (j, place)
        for place in range(len(words))
        for j, term in enumerate(terms)
        if tuple(words[place : place + len(term)]) == term
    ]
    assert sorted(zip(columns.tolist(), places.tolist(), strict=True)) == sorted(expected)


def test_terms_longer_than_the_text_are_not_found() -> None:
    columns, _ = NgramTrie([(0, 1, 2, 3, 4)], WORDS).find(np.array([0, 1], dtype=np.int32))
    assert len(columns) == 0
