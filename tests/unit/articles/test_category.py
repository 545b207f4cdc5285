import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.articles.category import (
    MAX_LENGTH,
    PATTERN,
    BlankCategory,
    InvalidCategory,
    Spellings,
    category_key,
    clean_category,
    describe_similar_categories,
    similar_categories,
)
from newsdesk.articles.category_rules import CategoryRules
from newsdesk.config.pipeline_config import Categories

INVISIBLE = ["\u00ad", "\u200b", "\u200d", "\u200e", "\u202a", "\u2060", "\u2066", "\ufeff"]
SPACES = [chr(code) for code in range(0x110000) if chr(code).isspace()]
ANY_TEXT = st.text(
    st.sampled_from([*SPACES, *INVISIBLE, "a", "É", "\0", "\x85", "\x9f", "&", "\u0301", "😀"]) | st.characters(),
    max_size=12,
)


@pytest.mark.parametrize("blank", [*SPACES, *INVISIBLE, "\r\n", " \t\u3000"], ids=ascii)
def test_whatever_nobody_can_see_around_a_category_does_not_belong_to_it(blank: str) -> None:
    assert clean_category(f"{blank}Arts & Culture{blank}") == "Arts & Culture"
    with pytest.raises(BlankCategory):
        clean_category(blank)


@pytest.mark.parametrize("control", ["\n", "\r\n", "\t", "\0", "\x1f", "\x7f", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_a_control_character_inside_is_no_part_of_a_category(control: str) -> None:
    with pytest.raises(InvalidCategory, match="a line break or another control character: remove it"):
        clean_category(f"Arts{control}Culture")


@pytest.mark.parametrize(
    "said",
    ["R&D", "/sport", "sci  tech", "C++", ".", "体育", "Ελλάδα", "👩\u200d🔬", "🏴\U000e0067\U000e0062\U000e007f"],
)
def test_whatever_a_person_can_type_is_a_category_as_it_is(said: str) -> None:
    assert clean_category(said) == said


def test_the_same_letters_are_the_same_category_however_they_are_coded() -> None:
    assert clean_category(unicodedata.normalize("NFD", "Économie")) == "Économie"


def test_a_category_is_as_long_as_the_store_takes_without_its_blanks() -> None:
    assert clean_category("  " + "c" * MAX_LENGTH + "  ") == "c" * MAX_LENGTH
    with pytest.raises(InvalidCategory, match="longer than 200 characters"):
        clean_category("c" * MAX_LENGTH + "c")


@given(said=ANY_TEXT)
def test_cleaning_is_done_once_and_the_published_pattern_says_what_it_takes(said: str) -> None:
    try:
        category = clean_category(said)
    except InvalidCategory:
        assert not re.search(PATTERN, said)
    else:
        assert clean_category(category) == category == category.strip()
        assert re.search(PATTERN, said)


@pytest.mark.parametrize("said", ["business", "BUSINESS", "Business", "bu\uff53iness", " business "])
def test_a_category_that_differs_by_case_or_blanks_alone_is_the_known_one(said: str) -> None:
    assert Spellings(["Business", "Sport"]).of(said) == "Business"


@pytest.mark.parametrize("sign", [sign for sign in [*INVISIBLE, "\u202e"] if sign != "\u200d"], ids=ascii)
def test_a_sign_that_nobody_sees_inside_makes_no_category_of_its_own(sign: str) -> None:
    assert Spellings(["business"]).of(f"busi{sign}ness") == "business"
    assert len(similar_categories({"business": 9, f"busi{sign}ness": 3})) == 1


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"], ids=ascii)
def test_joiners_make_another_category(joiner: str) -> None:
    assert category_key(f"\u0645\u06cc{joiner}\u0631") != category_key("\u0645\u06cc\u0631")


def test_what_is_not_known_or_could_be_several_is_left_as_it_is() -> None:
    known = Spellings(["sport", "Sport", "politics"])
    assert [known.of(said) for said in ("SPORT", "Sport", "sport", "Weather")] == ["SPORT", "Sport", "sport", "Weather"]


@given(known=st.sets(ANY_TEXT), said=ANY_TEXT)
def test_a_spelling_is_alike_and_found_again(known: set[str], said: str) -> None:
    spellings = Spellings(known)
    assert category_key(spellings.of(said)) == category_key(said)
    assert spellings.of(spellings.of(said)) == spellings.of(said)
    assert all(spellings.of(category) == category for category in known)


@pytest.mark.parametrize("other", ["Sport", "SPORT", "sport ", "sport.", "sport/", "sport :", "\uff53port", "sPoRt!"])
def test_categories_that_differ_by_spelling_alone_are_told_with_their_counts(other: str) -> None:
    (group,) = similar_categories({"sport": 120, other: 8, "politics": 99})
    assert group == {"sport": 120, other: 8}
    assert describe_similar_categories(group).startswith(f"'sport' (120) and '{other}' (8) differ by case")


def test_blanks_and_dashes_inside_are_spelling_too_and_three_are_one_group() -> None:
    groups = similar_categories({"world news": 3, "World-News": 2, "world_news": 1, "U.S.": 5, "u.s": 4})
    assert groups == [{"U.S.": 5, "u.s": 4}, {"world news": 3, "World-News": 2, "world_news": 1}]


def test_other_words_are_other_categories() -> None:
    others = ["C", "C++", "C#", "R&D", "R?D", "sport", "sports", ".", "/", "arts"]
    assert similar_categories(dict.fromkeys(others, 1)) == []


@pytest.mark.parametrize(
    ("known", "said", "found"),
    [
        (["sports", "arts"], "Sport", "sports"),  # the model learnt after the categories were merged
        (["sport", "arts"], "sports", "sport"),  # and before
        (["sport", "sports"], "sport", "sport"),
        (["sport", "sports"], "SPORT", "SPORT"),
        (["arts"], "sport", "sport"),
    ],
)
def test_a_known_category_is_found_by_what_both_mean(known: list[str], said: str, found: str) -> None:
    rules = CategoryRules(Categories(aliases={"sport": "sports"}))
    assert Spellings(known, rules.of).of(said) == found
