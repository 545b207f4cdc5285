from newsdesk.text.stop_words import STOP_WORDS
from newsdesk.text.tokens import normalise, words


def test_every_stop_word_is_what_the_tokenizer_makes_of_lower_cased_text() -> None:
    unreachable = [word for word in STOP_WORDS if words(normalise(word, lowercase=True)) != [word]]

    assert unreachable == []


def test_words_that_tell_what_a_story_is_about_are_no_stop_words() -> None:
    assert STOP_WORDS.isdisjoint(
        {"bank", "film", "vote", "match", "phone", "new", "first", "win", "year", "not_a_word"}
    )
