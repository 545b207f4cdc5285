from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.articles.article import Article, LabelledArticle
from newsdesk.articles.duplicates import separate_duplicates, story_key
from newsdesk.articles.quarantine import AcceptedRow, check_rows
from newsdesk.articles.readers import RawRow


def key(text: str, title: str = "") -> str:
    return story_key(Article(id="1", title=title, text=text))


def row(number: int, text: str, category: str) -> AcceptedRow:
    return AcceptedRow(number, LabelledArticle(id=f"id-{number}", text=text, category=category))


@pytest.mark.parametrize(
    "retold",
    [
        "the bank waits, it said",
        "THE BANK WAITS — IT SAID!",
        "The  bank\n\nwaits; it 'said'.",
        "The bank waits. It said:",
        "The\u2060 ba\u00adnk wa\u200bits. \ufeffIt said",
        "\u200bT\u200dhe b\u200cank waits. It said\u3164",
    ],
)
def test_case_spacing_and_punctuation_do_not_make_another_story(retold: str) -> None:
    assert key(retold) == key("The bank waits. It said")


@pytest.mark.parametrize(
    "other", ["The bank waits", "It said the bank waits", "The banks wait. It said", "Thebank waits"]
)
def test_other_words_or_another_order_make_another_story(other: str) -> None:
    assert key(other) != key("The bank waits. It said")


def test_an_accent_is_the_same_however_it_is_written() -> None:
    assert key("Beyonce\u0301 sings") == key("Beyoncé sings") != key("Beyonce sings")


EIGHT_WORDS = "The bank waits until prices climb more slowly."


def test_a_story_told_again_under_another_headline_is_the_same_story() -> None:
    assert key(EIGHT_WORDS, title="Rates held") == key(EIGHT_WORDS, title="Patience") == key(EIGHT_WORDS)


def test_a_text_of_very_few_words_is_told_apart_by_its_headline() -> None:
    seven_words = EIGHT_WORDS.removesuffix(" slowly.")

    assert key(seven_words, title="Rates held") != key(seven_words, title="Patience")
    assert key(seven_words, title="Rates held") != key(seven_words)


@pytest.mark.parametrize(
    "text",
    [
        "The bank waits.",
        pytest.param(EIGHT_WORDS),
    ],
)
def test_a_text_that_opens_with_its_headline_is_the_same_story(text: str) -> None:
    assert key(text, title="Rates held") == key(f"Rates held. {text}", title="Rates held")


def test_the_key_depends_on_title_and_text_alone() -> None:
    one = Article(id="1", text="The bank waits.", category="money", source="Wire")

    assert story_key(one) == key("The bank waits.")


WORDS = st.lists(st.text(st.characters(categories=["L", "Nd"], max_codepoint=0xFF), min_size=1), min_size=1, max_size=8)
SEPARATORS = st.text(" \n,.-—'’!\u00a0", min_size=1, max_size=3)


@settings(max_examples=200, deadline=None)
@given(WORDS, st.data())
def test_whatever_stands_between_the_words_the_story_is_the_same(words: list[str], data: st.DataObject) -> None:
    retold = "".join(word + data.draw(SEPARATORS) for word in words)

    assert key(retold) == key(" ".join(words))


def test_of_a_repeated_story_the_first_row_stays() -> None:
    kept, aside = separate_duplicates(
        [row(2, "The bank waits.", "money"), row(3, "A cup final.", "sports"), row(4, "THE BANK WAITS", "money")]
    )

    assert [item.row for item in kept.values()] == [2, 3]
    assert [(item.row, item.reasons, item.text, item.category) for item in aside] == [
        (4, ("duplicate",), "THE BANK WAITS", "money")
    ]


def test_a_story_under_several_categories_is_set_aside_whole() -> None:
    kept, aside = separate_duplicates(
        [row(2, "The bank waits.", "money"), row(3, "the bank waits", "money"), row(4, "The bank waits!", "politics")]
    )

    assert kept == {}
    assert [(item.row, item.reasons, item.category) for item in aside] == [
        (2, ("conflicting_category",), "money"),
        (3, ("conflicting_category",), "money"),
        (4, ("conflicting_category",), "politics"),
    ]


def test_a_row_repeated_exactly_id_included_is_a_duplicate_and_not_broken() -> None:
    values = {"id": "7", "text": "The bank waits for prices.", "category": "money"}
    columns = {name: name for name in values}

    checked = list(check_rows([RawRow(2, values), RawRow(3, values)], columns, labels=None, min_text_length=1))
    _, repeats = separate_duplicates([item for item in checked if isinstance(item, AcceptedRow)])
    aside = [item for item in checked if not isinstance(item, AcceptedRow)] + repeats

    assert [(item.row, item.reasons, item.is_broken) for item in aside] == [(3, ("duplicate",), False)]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["one", "One!", "two", "three"]), st.sampled_from("ab")), max_size=12))
def test_every_row_is_kept_or_set_aside_and_no_story_is_kept_twice(told: list[tuple[str, str]]) -> None:
    rows = [row(number, text, category) for number, (text, category) in enumerate(told)]

    kept, aside = separate_duplicates(rows)

    assert sorted([item.row for item in kept.values()] + [item.row for item in aside]) == list(range(len(rows)))
    assert all(story_key(item.article) == name for name, item in kept.items())
    stories = Counter(key(text) for text, _ in told)
    categories = {(key(text), category) for text, category in told}
    assert set(kept) == {story for story in stories if sum(name == story for name, _ in categories) == 1}
