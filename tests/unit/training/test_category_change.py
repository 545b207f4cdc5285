import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.config.category_change import CategoryAction, OnCategoryChange
from newsdesk.training.category_change import ChangeKind, compare_categories

NAMES = st.sets(st.sampled_from(["business", "politics", "sport", "sports", "science", "0", "1"]), min_size=1)
DEFAULT = OnCategoryChange()


@pytest.mark.parametrize(
    ("champion", "challenger", "kinds", "action"),
    [
        ("a b", "a b", (), "promote"),
        ("a b", "b a", (), "promote"),
        ("a b", "a b c", ("added",), "promote"),
        ("a b c", "a b", ("lost",), "ask"),
        ("a b sport", "a b sports", ("added", "lost"), "ask"),
        ("a b", "c d", ("disjoint",), "refuse"),
        ("business politics sports", "0 1 2", ("disjoint",), "refuse"),
        ("Business Politics", "business politics", ("disjoint",), "refuse"),
    ],
)
def test_what_changed_and_what_is_done_about_it(
    champion: str, challenger: str, kinds: tuple[ChangeKind, ...], action: CategoryAction
) -> None:
    change = compare_categories(champion.split(), challenger.split())
    assert change.kinds == kinds
    assert bool(change) is bool(kinds)
    assert change.action(DEFAULT) == action


@pytest.mark.parametrize(
    ("lost", "added", "action"),
    [
        ("promote", "promote", "promote"),
        ("promote", "ask", "ask"),
        ("ask", "refuse", "refuse"),
        ("refuse", "ask", "refuse"),
    ],
)
def test_of_what_was_added_and_what_was_lost_the_stricter_counts(
    lost: CategoryAction, added: CategoryAction, action: CategoryAction
) -> None:
    assert compare_categories("ab", "bc").action(OnCategoryChange(lost=lost, added=added)) == action


@given(champion=NAMES, challenger=NAMES)
def test_every_category_is_shared_added_or_lost_and_only_one_of_these(champion: set[str], challenger: set[str]) -> None:
    change = compare_categories(champion, challenger)
    assert set(change.shared) == champion & challenger
    assert champion == {*change.shared, *change.lost}
    assert challenger == {*change.shared, *change.added}
    assert {before for before, _ in change.renamed} <= set(change.lost)
    assert {now for _, now in change.renamed} <= set(change.added)
    assert bool(str(change)) is bool(change)


@pytest.mark.parametrize(
    ("before", "now"),
    [("sports", "sport"), ("BUSINESS", "business"), ("Science & Tech", "science and tech"), ("sport ", "sport")],
)
def test_names_that_are_spelt_nearly_alike_are_told_to_be_one(before: str, now: str) -> None:
    change = compare_categories(["politics", before], ["politics", now])
    assert change.renamed == ((before, now),)
    assert f"'{now}' may be what was '{before}'" in str(change)


@pytest.mark.parametrize(("before", "now"), [("sports", "science"), ("1", "10"), ("arts", "business")])
def test_other_names_are_not(before: str, now: str) -> None:
    assert compare_categories(["politics", before], ["politics", now]).renamed == ()


def test_what_changed_is_told_in_words_with_names_and_numbers() -> None:
    added = compare_categories("abc", "abcde")
    assert str(added) == "knows 2 categories that the champion does not (d, e)"
    lost = compare_categories("abc", "ab")
    assert str(lost) == "does not know 1 category that the champion does (c)"
    many = compare_categories("a", "abcdefghi")
    assert str(many).endswith("(b, c, d, e, f and 3 more)")


def test_ids_of_classes_in_place_of_names_are_told_as_such() -> None:
    told = str(compare_categories(["business", "sports"], ["0", "1"]))
    assert (
        told == "knows none of the champion's categories (business, sports), but 0, 1, which look like ids of classes"
    )


def test_a_yes_answers_what_is_asked_and_lifts_no_refusal() -> None:
    said = OnCategoryChange(added="ask", lost="ask", disjoint="refuse").with_yes()
    assert said == OnCategoryChange(added="promote", lost="promote", disjoint="refuse")
