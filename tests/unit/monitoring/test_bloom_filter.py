import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.monitoring.bloom_filter import BloomFilter, digest_numbers
from newsdesk.store.records import text_digest

texts = st.lists(st.text(max_size=3), max_size=60)


@given(st.lists(texts, max_size=5))
def test_each_text_comes_for_the_first_time_once(parts: list[list[str]]) -> None:
    seen, met = BloomFilter(), set[str]()
    for part in parts:
        expected = []
        for text in part:
            expected.append(text not in met)
            met.add(text)
        assert seen.add_new(digest_numbers([text_digest(text) for text in part])).tolist() == expected


def test_of_a_million_texts_next_to_none_is_taken_for_another() -> None:
    numbers = np.random.default_rng(1).integers(2**63, size=1_000_000, dtype=np.uint64)
    seen = BloomFilter()
    found = sum(int(seen.add_new(part).sum()) for part in np.array_split(numbers, 100))
    assert 999_000 < found <= 1_000_000


def test_digests_that_are_none_have_numbers_too() -> None:
    numbers = digest_numbers(["", "x", "0" * 64, "\ud800", "x"])
    assert len(set(numbers.tolist())) == 4
    assert numbers[1] == numbers[4]


@given(st.text())
def test_a_digest_has_one_number_whatever_comes_with_it(text: str) -> None:
    digest = text_digest(text)
    assert digest_numbers([digest])[0] == digest_numbers(["0" * 64, digest])[1]
