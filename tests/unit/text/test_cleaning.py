import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.config.model_config import TextCleaning
from newsdesk.text.cleaning import Cleaner, join_title_and_text
from tests.unit.text.invisible_characters import invisible

ANY_TEXT = st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"])) | st.text(
    st.sampled_from("AaJjSsİΣß the markets 12٣_’'.,\n\u0301\u030c\u0307中ก") | invisible, max_size=60
)
NOTHING = TextCleaning(
    lowercase=False, remove_punctuation=False, remove_numbers=False, remove_stopwords=False, lemmatization=False
)
SWITCHES = ("lowercase", "remove_punctuation", "remove_numbers", "remove_stopwords", "lemmatization")
ANY_SWITCHES = st.builds(TextCleaning, **{switch: st.booleans() for switch in SWITCHES})


def only(**switches: bool) -> Cleaner:
    """A cleaner that does nothing but what is named."""
    return Cleaner(NOTHING.model_copy(update=switches))


def test_with_every_switch_off_words_and_punctuation_are_spaced_out() -> None:
    assert only().clean("The banks'  25%\nrise") == "The banks ' 25 % rise"


@pytest.mark.parametrize(
    ("switch", "cleaned"),
    [
        ("lowercase", "the matches , and 25 goals in f1 ."),
        ("remove_punctuation", "The Matches and 25 goals in F1"),
        ("remove_numbers", "The Matches , and goals in F1 ."),
        ("remove_stopwords", "The Matches , 25 goals F1 ."),
        ("lemmatization", "The Matches , and 25 goal in F1 ."),
    ],
)
def test_each_switch_does_its_own_part_alone(switch: str, cleaned: str) -> None:
    assert only(**{switch: True}).clean("The Matches, and 25 goals in F1.") == cleaned


def test_the_defaults_clean_for_classification() -> None:
    text = "The Championships: 3 matches weren't played, because of RAIN"

    assert Cleaner(TextCleaning()).clean(text) == "championship 3 match played rain"


@pytest.mark.parametrize(
    ("number", "left"), [("2024", ""), ("٣٤", ""), ("4g", "4g"), ("1.5", "."), ("x2", "x2"), ("½", "½"), ("三", "三")]
)
def test_only_words_of_decimal_digits_count_as_numbers(number: str, left: str) -> None:
    assert only(remove_numbers=True).clean(number) == left


def test_stop_words_are_recognised_after_lower_casing() -> None:
    assert only(remove_stopwords=True).clean("THE bank") == "THE bank"
    assert only(remove_stopwords=True, lowercase=True).clean("THE bank") == "bank"


def test_stop_words_are_removed_before_words_are_lemmatized() -> None:
    cleaner = only(remove_stopwords=True, lemmatization=True)

    assert only(lemmatization=True).clean("was us") == "wa u"
    assert cleaner.clean("was us") == ""
    assert cleaner.clean("safe havens") == "safe haven"  # "haven" alone is what is left of "haven't"


def test_capital_words_are_lemmatized_after_lower_casing_only() -> None:
    assert only(lemmatization=True).clean("Children") == "Children"
    assert only(lemmatization=True, lowercase=True).clean("Children") == "child"


def test_accents_are_composed_before_words_are_split() -> None:
    assert only(remove_punctuation=True).clean("cafe\u0301") == "café"


def test_what_is_left_of_contractions_goes_with_the_stop_words() -> None:
    text = "don't we'll they've I'd isn't couldn't it's"

    assert only(remove_punctuation=True, remove_stopwords=True, lowercase=True).clean(text) == ""


@pytest.mark.parametrize("text", ["", " \n", "...", "the of and"])
def test_text_of_which_nothing_is_left_becomes_the_empty_string(text: str) -> None:
    assert Cleaner(TextCleaning()).clean(text) == ""


@settings(max_examples=300, deadline=None)
@given(ANY_SWITCHES, ANY_TEXT)
def test_any_text_under_any_switches_becomes_words_with_single_spaces(switches: TextCleaning, text: str) -> None:
    cleaned = Cleaner(switches).clean(text)

    assert cleaned == "" or all(cleaned.split(" "))


@settings(max_examples=300, deadline=None)
@given(ANY_SWITCHES, ANY_TEXT)
def test_without_lemmatization_cleaning_twice_is_cleaning_once(switches: TextCleaning, text: str) -> None:
    cleaner = Cleaner(switches.model_copy(update={"lemmatization": False}))

    assert cleaner.clean(cleaner.clean(text)) == cleaner.clean(text)


@settings(max_examples=200, deadline=None)
@given(ANY_SWITCHES, ANY_TEXT, ANY_TEXT)
def test_a_line_is_cleaned_the_same_whatever_follows_it(switches: TextCleaning, first: str, second: str) -> None:
    cleaner = Cleaner(switches)

    assert cleaner.clean(f"{first}\n{second}") == f"{cleaner.clean(first)} {cleaner.clean(second)}".strip(" ")


@pytest.mark.parametrize(
    ("title", "text", "joined"),
    [
        ("Rates held", "The bank waits.", "Rates held\n\nThe bank waits."),
        ("  Rates held ", "\nThe bank waits. ", "Rates held\n\nThe bank waits."),
        ("", "The bank waits.", "The bank waits."),
        (" \t", " The bank waits.", "The bank waits."),
        ("Rates held", "", "Rates held"),
        ("Rates held", " \n", "Rates held"),
        ("", "", ""),
        ("Rates held", "Rates held as prices climb", "Rates held as prices climb"),
        ("Rates held", "RATES HELD as prices climb", "Rates held\n\nRATES HELD as prices climb"),
        ("Rates held", "Again: Rates held", "Rates held\n\nAgain: Rates held"),
    ],
)
def test_title_and_text_are_joined_unless_the_text_opens_with_the_title(title: str, text: str, joined: str) -> None:
    assert join_title_and_text(title, text) == joined


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_joining_a_title_again_changes_nothing(title: str, text: str) -> None:
    joined = join_title_and_text(title, text)

    assert join_title_and_text(title, joined) == joined
