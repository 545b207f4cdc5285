import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nltk.tokenize import WordPunctTokenizer

from newsdesk.text.tokens import TYPOGRAPHIC_MARKS, normalise, splitter, word_writer, words, words_and_punctuation
from tests.unit.text.invisible_characters import invisible

ANY_TEXT = st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"]))


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
@example("हिन्दी")
@example("5 km²")
def test_any_text_is_split_as_nltk_splits_it(text: str) -> None:
    assert words_and_punctuation(text) == WordPunctTokenizer().tokenize(text)


@pytest.mark.parametrize("word", ["हिन्दी", "น้ำมัน", "বাংলা", "كِتَاب", "o\u0331la"])
def test_a_word_with_combining_marks_is_one_word(word: str) -> None:
    assert words(normalise(word, lowercase=True)) == [normalise(word, lowercase=True)]


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT | st.text("aZ9_é’'-., \u0301", max_size=60))
def test_words_are_the_tokens_that_are_not_punctuation(text: str) -> None:
    tokens = words_and_punctuation(text)

    assert words(text) == [token for token in tokens if regex.match(r"\w", token)]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Don't panic!", ["Don", "'", "t", "panic", "!"]),
        ("up 3.5% to £1,200m", ["up", "3", ".", "5", "%", "to", "£", "1", ",", "200m"]),
        ("São Paulo — 東京", ["São", "Paulo", "—", "東京"]),
        ("snake_case ... ok", ["snake_case", "...", "ok"]),
        (" \n\t", []),
    ],
)
def test_words_and_punctuation_come_in_order(text: str, tokens: list[str]) -> None:
    assert words_and_punctuation(text) == tokens


def test_a_letter_with_a_combining_accent_becomes_one_character() -> None:
    assert normalise("Cafe\u0301 Zu\u0308rich", lowercase=False) == "Café Zürich"


def test_characters_that_only_look_like_others_stay_what_they_are() -> None:
    assert normalise("ﬁve ½ km² Ⅳ", lowercase=False) == "ﬁve ½ km² Ⅳ"


def test_letters_are_lower_cased_only_on_request() -> None:
    assert normalise("ÉLAN and BBC", lowercase=True) == "élan and bbc"
    assert normalise("ÉLAN and BBC", lowercase=False) == "ÉLAN and BBC"


NEWS_LIKE = st.text(
    invisible
    | st.sampled_from("aZ9_ bB.,-\t\n\x1c\x1f\x85\0'’“”—–…£€•\u00a0\u2028é\u0301\u0338İıſßΣσς\u212a²½٣中\ud800"),
    max_size=60,
)
switches = st.fixed_dictionaries({"lowercase": st.booleans(), "punctuation": st.booleans()})


@settings(max_examples=500, deadline=None)
@given(
    text=ANY_TEXT | NEWS_LIKE,
    switches=switches,
    numbers=st.booleans(),
    shortest=st.integers(1, 3),
    invisible=st.booleans(),
)
@example(
    text="\u212aing İs’ £5 a\x1fb",
    switches={"lowercase": True, "punctuation": False},
    numbers=True,
    shortest=2,
    invisible=False,
)
@example(text="ΑΣ’", switches={"lowercase": True, "punctuation": False}, numbers=True, shortest=2, invisible=False)
def test_words_are_written_as_they_are_split(
    text: str, switches: dict[str, bool], numbers: bool, shortest: int, invisible: bool
) -> None:
    write = word_writer(**switches, numbers=numbers, shortest=shortest, invisible=invisible)
    split = splitter(punctuation=switches["punctuation"], shortest=shortest)
    expected = [
        token
        for token in split(normalise(text, lowercase=switches["lowercase"], invisible=invisible))
        if numbers or not token.isdecimal()
    ]

    written = write(text).decode("utf-8", "surrogatepass").split(" ")

    assert [token for token in written if len(token) >= shortest] == expected
    assert all(token.isascii() for token in written if len(token) < shortest)


def test_typographic_marks_belong_to_no_word() -> None:
    for mark in TYPOGRAPHIC_MARKS:
        assert words(f"a{mark}b") == ["a", "b"]
        assert normalise(mark, lowercase=True) == mark
