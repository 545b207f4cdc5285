import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.text.lemmas import noun_lemmas, pack_table, read_table, shipped_table
from newsdesk.text.tokens import words

WORD = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(WORD, WORD))
def test_a_table_that_was_packed_reads_back_the_same(table: dict[str, str]) -> None:
    assert read_table(pack_table(table)) == table


def test_the_same_table_packs_to_the_same_bytes_whatever_its_order() -> None:
    assert pack_table({"mice": "mouse", "geese": "goose"}) == pack_table({"geese": "goose", "mice": "mouse"})


@pytest.mark.parametrize(
    ("form", "lemma"),
    [
        ("championships", "championship"),
        ("parties", "party"),
        ("boxes", "box"),
        ("wives", "wife"),
        ("children", "child"),
        ("mice", "mouse"),
        ("geese", "goose"),
        ("analyses", "analysis"),
        ("glasses", "glass"),
        ("was", "wa"),
        ("us", "u"),
    ],
)
def test_known_forms_have_the_lemma_that_nltk_gives_them(form: str, lemma: str) -> None:
    assert noun_lemmas()[form] == lemma


@pytest.mark.parametrize("word", ["news", "data", "people", "bus", "championship", "series", "newsdesk"])
def test_words_that_nltk_leaves_alone_are_not_in_the_table(word: str) -> None:
    assert word not in noun_lemmas()


def test_every_form_in_the_table_is_one_lower_case_word_that_changes() -> None:
    wrong = [
        (form, lemma)
        for form, lemma in noun_lemmas().items()
        if words(form) != [form] or words(lemma) != [lemma] or form != form.lower() or form == lemma
    ]

    assert wrong == []


def test_the_table_in_force_is_the_one_that_ships_with_the_package() -> None:
    assert read_table(shipped_table().read_bytes()) == noun_lemmas()


def test_the_table_cannot_be_changed_while_running() -> None:
    with pytest.raises(TypeError):
        noun_lemmas()["mice"] = "rat"  # type: ignore[index]
