from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from newsdesk.model.bundle import Bundle, Vocabulary
from newsdesk.model.csr_matrix import CsrMatrix
from newsdesk.model.term_counting import ScalarTermCounter, VectorisedTermCounter, index_vocabulary
from newsdesk.text.tokens import word_writer
from tests.builders import fitted_bundle
from tests.unit.model.equality import TRAINED_ON, unseen_texts, wild_texts

write = word_writer(lowercase=True, punctuation=False, numbers=True, shortest=2)


@cache
def bundle() -> Bundle:
    return fitted_bundle(LogisticRegression(), TRAINED_ON)


@cache
def counters() -> tuple[ScalarTermCounter, VectorisedTermCounter]:
    words = index_vocabulary(bundle().vocabulary)
    return ScalarTermCounter(words, write), VectorisedTermCounter(words, write)


def as_dictionaries(terms: CsrMatrix) -> list[dict[int, float]]:
    bounds = terms.starts.tolist()
    return [
        dict(zip(terms.columns[a:b].tolist(), terms.values[a:b].tolist(), strict=True)) for a, b in pairwise(bounds)
    ]


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(wild_texts(), min_size=1, max_size=6))
def test_a_batch_counts_what_its_texts_count_one_by_one(texts: list[str]) -> None:
    one_by_one, all_at_once = counters()
    together, alone = all_at_once.count(texts), [one_by_one.count(text) for text in texts]
    assert as_dictionaries(together) == [terms.counts for terms in alone]
    assert together.known_shares == pytest.approx(np.array([terms.known_share for terms in alone]), abs=1e-15)


def test_articles_are_counted_alike_both_ways() -> None:
    one_by_one, all_at_once = counters()
    texts = unseen_texts(4)
    found = as_dictionaries(all_at_once.count(texts))
    assert sum(map(len, found)) > 300
    assert found == [one_by_one.count(text).counts for text in texts]


@pytest.mark.parametrize("forms", [{}, {"\n": None}, {"\n": "share"}])
def test_no_term_reaches_from_one_text_into_the_next(forms: dict[str, str | None]) -> None:
    """Not even where a list of stop words names a line break."""
    vocabulary = Vocabulary(terms=["bank share"], forms={"bank": "bank", "share": "share", **forms})
    counts = VectorisedTermCounter(index_vocabulary(vocabulary), write).count(
        ["bank", "share", "the", "bank share bank share"]
    )
    assert as_dictionaries(counts) == [{}, {}, {}, {0: 2}]


def test_a_row_of_the_batch_has_ascending_columns() -> None:
    counts = counters()[1].count(unseen_texts(1)[:1])
    assert (np.diff(counts.columns) > 0).all()


def test_a_form_of_a_word_that_no_term_has_cannot_be_numbered() -> None:
    with pytest.raises(KeyError, match="nosuchword"):
        index_vocabulary(Vocabulary(terms=["bank"], forms={"banks": "nosuchword"}))
