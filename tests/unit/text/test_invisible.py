"""What nobody sees makes no word, parts none and joins none; but it parts the words of scripts without blanks."""

import unicodedata

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.config.model_config import TextCleaning
from newsdesk.text.cleaning import Cleaner
from newsdesk.text.invisible import has_invisible, has_words, strip_invisible
from newsdesk.text.tokens import normalise, words
from tests.unit.text.invisible_characters import INVISIBLE, invisible

NOTHING = str.maketrans(dict.fromkeys(INVISIBLE))


@pytest.mark.parametrize("name", ["soft hyphen", "zero-width space", "non-joiner", "joiner", "word joiner", "mark"])
def test_an_invisible_character_within_a_word_changes_nothing(name: str) -> None:
    character = {
        "soft hyphen": "\u00ad",
        "zero-width space": "\u200b",
        "non-joiner": "\u200c",
        "joiner": "\u200d",
        "word joiner": "\u2060",
        "mark": "\ufeff",
    }[name]
    text = f"{character}Hand{character}ball{character}welt{character}meister{character} siegt"

    assert Cleaner(TextCleaning()).clean(text) == "handballweltmeister siegt"


def test_the_invisible_are_those_that_unicode_says_are_to_be_ignored() -> None:
    everything = "".join(map(chr, range(0x110000)))
    ignorable = set(regex.findall(r"\p{Default_Ignorable_Code_Point}", everything))

    assert set(INVISIBLE) == ignorable
    assert all(map(has_invisible, ignorable))
    assert not has_invisible(regex.sub(r"\p{Default_Ignorable_Code_Point}", "", everything))


@given(st.text(st.characters()))
def test_what_is_seen_stays(text: str) -> None:
    text = text.translate(NOTHING)

    assert strip_invisible(text) is text


@given(st.lists(st.text("aZ9é-’ \n", min_size=1, max_size=3)), st.data())
def test_wherever_the_invisible_stand_the_words_stay(parts: list[str], data: st.DataObject) -> None:
    disguised = "".join(part + data.draw(st.text(invisible, max_size=2)) for part in parts)

    assert words(normalise(disguised, lowercase=True)) == words(normalise("".join(parts), lowercase=True))


@given(st.text(st.sampled_from("ab \n") | invisible | st.sampled_from("กค中ក")))
def test_dropping_twice_is_dropping_once(text: str) -> None:
    once = strip_invisible(text)

    assert strip_invisible(once) is once


@pytest.mark.parametrize(
    ("text", "parted"),
    [
        ("ฝน\u200bตก\u200bหนัก", ["ฝน", "ตก", "หนัก"]),
        ("ភ្លៀង\u200bធ្លាក់", ["ភ្លៀង", "ធ្លាក់"]),
        ("ဝန်ကြီး\u200bချုပ်", ["ဝန်ကြီး", "ချုပ်"]),
        ("股市\u200b上涨", ["股市", "上涨"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("ന്\u200d", ["ന്"]),
        ("super\u200bmarket", ["supermarket"]),
    ],
)
def test_a_zero_width_space_parts_the_words_of_scripts_without_blanks_alone(text: str, parted: list[str]) -> None:
    assert words(normalise(text, lowercase=True)) == parted


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "!!!! ????",
        "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
        "\u200b\u200c\ufeff\u2060",
        "\u3164\u115f\uffa0",
        "_ _",
        "\u0301",
    ],
)
def test_a_text_without_a_letter_or_digit_has_no_words(text: str) -> None:
    assert not has_words(text)


@pytest.mark.parametrize("text", ["a", "!!! 7 !!!", "é", "中", "\u200bx", "٣", "½"])
def test_one_letter_or_digit_is_a_word(text: str) -> None:
    assert has_words(text)


@given(st.text(st.characters(exclude_categories=["Cn"]) | invisible))
def test_a_text_has_words_where_a_letter_or_digit_is_left_to_be_seen(text: str) -> None:
    seen = strip_invisible(text)

    assert has_words(text) == any(unicodedata.category(character)[0] in "LN" for character in seen)
