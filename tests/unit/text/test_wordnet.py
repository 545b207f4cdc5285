"""The shipped lemma table against NLTK's own lemmatizer over WordNet."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from newsdesk.errors import UsageError
from newsdesk.sample import CATEGORIES, read_articles
from newsdesk.text.lemmas import noun_lemmas
from newsdesk.text.tokens import normalise, words
from newsdesk.text.wordnet import DEBIAN_WORDNET, build_noun_lemmas, nltk_wordnet, noun_forms


@pytest.fixture
def wordnet(missing: Callable[[str], None]) -> Path:
    if not DEBIAN_WORDNET.is_dir():
        missing("WordNet")
    return DEBIAN_WORDNET


def disagreements(forms: set[str]) -> dict[str, tuple[str, str]]:
    """Form → (lemma by the table, lemma by NLTK), where they differ. WordNet has to be open."""
    from nltk.stem import WordNetLemmatizer

    table, lemmatize = noun_lemmas(), WordNetLemmatizer().lemmatize
    both = {form: (table.get(form, form), lemmatize(form)) for form in forms}
    return {form: (ours, theirs) for form, (ours, theirs) in both.items() if ours != theirs}


def spellings(texts: list[str]) -> set[str]:
    """The words of `texts` as they stand and in lower case."""
    return {
        word for text in texts for lowercase in (False, True) for word in words(normalise(text, lowercase=lowercase))
    }


def test_the_table_equals_nltk_on_every_noun_form_of_wordnet(wordnet: Path) -> None:
    with nltk_wordnet(wordnet) as reader:
        forms = noun_forms(reader)
        assert {"mice", "mouse", "championships", "was"} <= forms
        assert set(noun_lemmas()) <= forms
        assert disagreements(forms) == {}


def test_the_table_equals_nltk_on_every_word_of_the_sample_corpus(wordnet: Path) -> None:
    articles = [article for name in (*CATEGORIES, "unlabelled") for article in read_articles(name)]

    with nltk_wordnet(wordnet):
        assert disagreements(spellings([f"{article.title}\n{article.text}" for article in articles])) == {}


def test_the_table_equals_nltk_on_every_word_of_real_news(wordnet: Path, shared_data: Path) -> None:
    with (shared_data / "bbc_news.csv").open(encoding="utf-8", newline="") as file:
        texts = [f"{row['title']}\n{row['text']}" for row in csv.DictReader(file)]

    with nltk_wordnet(wordnet):
        assert disagreements(spellings(texts)) == {}


def test_building_the_table_again_gives_the_table_that_ships(wordnet: Path) -> None:
    assert build_noun_lemmas(wordnet) == noun_lemmas()


def test_a_folder_without_wordnet_is_refused_naming_the_missing_file_and_the_fix(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no data\.noun.*apt-get install wordnet-base wordnet-sense-index"):
        build_noun_lemmas(tmp_path)
