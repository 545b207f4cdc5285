"""What the sample corpus promises to whoever trains on it."""

import csv
import re
from collections import Counter
from datetime import date
from importlib.resources import files

import pytest

from newsdesk.sample import CATEGORIES, SampleArticle, read_articles, read_sample

FOLDER = files("newsdesk.sample")
PARTS = (*CATEGORIES, "unlabelled")
ARTICLES: dict[str, list[SampleArticle]] = {part: list(read_articles(part)) for part in PARTS}
ALL = [article for part in PARTS for article in ARTICLES[part]]


def words_of(text: str) -> list[str]:
    """Lower-case words; one with an apostrophe is one word."""
    return re.findall(r"\w+(?:['’]\w+)*", text.lower())


def repeated(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


@pytest.mark.parametrize("part", PARTS)
def test_as_many_articles_are_read_as_the_file_has_headings(part: str) -> None:
    content = FOLDER.joinpath(f"{part}.md").read_text(encoding="utf-8")

    titles = [line.removeprefix("## ") for line in content.splitlines() if line.startswith("## ")]

    assert [article.title for article in ARTICLES[part]] == titles


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_has_at_least_150_articles_that_say_so(category: str) -> None:
    assert len(ARTICLES[category]) >= 150
    assert {article.category for article in ARTICLES[category]} == {category}


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_covers_at_least_30_subjects(category: str) -> None:
    subjects = {article.subject for article in ARTICLES[category]}

    assert None not in subjects
    assert len(subjects) >= 30


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_has_articles_in_each_of_24_months_on_end(category: str) -> None:
    months = {(day.year, day.month) for day in (date.fromisoformat(article.date) for article in ARTICLES[category])}
    numbers = [12 * year + month for year, month in months]

    assert len(months) == 24
    assert max(numbers) - min(numbers) == 23


def test_all_parts_lie_in_the_same_24_months() -> None:
    months = {date.fromisoformat(article.date).strftime("%Y-%m") for article in ALL}

    assert len(months) == 24


def test_bodies_have_50_to_120_words() -> None:
    assert [article.id for article in ALL if not 50 <= len(article.text.split()) <= 120] == []


def test_ids_and_titles_are_unique() -> None:
    assert repeated([article.id for article in ALL]) == []
    assert repeated([article.title.lower() for article in ALL]) == []


def test_no_eight_words_on_end_occur_twice() -> None:
    runs = [
        " ".join(told[start : start + 8])
        for told in (words_of(f"{article.title} {article.text}") for article in ALL)
        for start in range(len(told) - 7)
    ]

    assert len(runs) > 50_000
    assert repeated(runs) == []


def test_no_two_bodies_start_with_the_same_four_words() -> None:
    assert repeated([" ".join(words_of(article.text)[:4]) for article in ALL]) == []


def test_titles_and_bodies_hold_no_leftover_of_the_file_format() -> None:
    leftover = re.compile(r"^#|^- |^\s*$|\ufffd", re.MULTILINE)

    wrong = [article.id for article in ALL if any(leftover.search(part) for part in article.text.split("\n\n"))]

    assert wrong == []


def test_60_unlabelled_articles_have_their_labels_in_a_file_apart() -> None:
    lines = FOLDER.joinpath("unlabelled_labels.csv").read_text(encoding="utf-8").splitlines()
    labels = [(row["id"], row["category"]) for row in csv.DictReader(lines)]

    assert len(ARTICLES["unlabelled"]) == 60
    assert {article.category for article in ARTICLES["unlabelled"]} == {None}
    assert [key for key, _ in labels] == [article.id for article in ARTICLES["unlabelled"]]
    assert {category for _, category in labels} == set(CATEGORIES)


def test_the_sample_is_a_table_of_the_labelled_articles_numbered_through() -> None:
    table = read_sample()
    rows = list(table.rows)
    labelled = [article for category in CATEGORIES for article in ARTICLES[category]]

    assert [row.number for row in rows] == list(range(1, len(labelled) + 1))
    assert [list(row.values) for row in rows] == [table.columns] * len(labelled)
    assert [(row.values["id"], row.values["category"], row.values["published_at"]) for row in rows] == [
        (article.id, article.category, article.date) for article in labelled
    ]
