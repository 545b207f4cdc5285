from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.articles.splits import SPLITS, assign_splits

KEYS = st.text("0123456789abcdef", min_size=1, max_size=8)


@st.composite
def stories(draw: st.DrawFn) -> dict[str, str]:
    """Story key → category, with three stories or more of every category."""
    sizes = draw(st.lists(st.integers(3, 12), min_size=1, max_size=4))
    keys = iter(draw(st.lists(KEYS, unique=True, min_size=sum(sizes), max_size=sum(sizes))))
    return {next(keys): f"category {number}" for number, size in enumerate(sizes) for _ in range(size)}


FRACTIONS = st.tuples(st.floats(0.01, 0.98), st.floats(0.01, 0.98)).filter(lambda pair: sum(pair) < 1)
SEEDS = st.integers(0, 2**32 - 1)
MANY = {f"story {number}": "ab"[number % 2] for number in range(4000)}


@settings(max_examples=200, deadline=None)
@given(stories(), FRACTIONS, SEEDS)
def test_every_story_has_one_split_and_every_category_is_in_all_three(
    categories: dict[str, str], fractions: tuple[float, float], seed: int
) -> None:
    validation, test = fractions

    splits = assign_splits(categories, validation=validation, test=test, seed=seed)

    assert splits.keys() == categories.keys()
    assert {(categories[key], split) for key, split in splits.items()} == {
        (category, split) for category in categories.values() for split in SPLITS
    }


@settings(max_examples=100, deadline=None)
@given(stories(), FRACTIONS, SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_the_stories_does_not_matter(
    categories: dict[str, str], fractions: tuple[float, float], seed: int, random: Random
) -> None:
    validation, test = fractions
    shuffled = list(categories.items())
    random.shuffle(shuffled)

    assert assign_splits(dict(shuffled), validation=validation, test=test, seed=seed) == assign_splits(
        categories, validation=validation, test=test, seed=seed
    )


@settings(max_examples=30, deadline=None)
@given(stories(), SEEDS)
def test_stories_that_are_added_move_none_of_those_that_were_there(new: dict[str, str], seed: int) -> None:
    old = {f"story {number}": "category 0" for number in range(200)}

    before = assign_splits(old, validation=0.2, test=0.2, seed=seed)
    after = assign_splits(new | old, validation=0.2, test=0.2, seed=seed)

    assert {key: after[key] for key in old} == before


def test_a_story_stays_when_an_editor_moves_it_to_another_category() -> None:
    first = next(iter(MANY))

    before = assign_splits(MANY, validation=0.2, test=0.2, seed=42)
    after = assign_splits(MANY | {first: "b"}, validation=0.2, test=0.2, seed=42)

    assert after == before


@pytest.mark.parametrize(("validation", "test"), [(0.2, 0.2), (0.1, 0.3), (0.45, 0.05)])
def test_the_shares_are_about_those_asked_for_in_every_category(validation: float, test: float) -> None:
    splits = assign_splits(MANY, validation=validation, test=test, seed=42)

    counts = Counter((MANY[key], split) for key, split in splits.items())
    for category in "ab":
        assert counts[category, "validation"] / 2000 == pytest.approx(validation, abs=0.04)
        assert counts[category, "test"] / 2000 == pytest.approx(test, abs=0.04)


def test_another_seed_gives_another_split() -> None:
    one, two = (assign_splits(MANY, validation=0.2, test=0.2, seed=seed) for seed in (1, 2))

    assert sum(one[key] != two[key] for key in MANY) > 1000


def test_a_split_is_the_same_in_every_release() -> None:
    splits = assign_splits(dict.fromkeys("abcdefgh", "a"), validation=0.25, test=0.25, seed=42)

    assert [splits[key] for key in "abcdefgh"] == [
        "train",
        "train",
        "validation",
        "train",
        "train",
        "test",
        "train",
        "train",
    ]
