from pathlib import Path

import pytest

from newsdesk.articles.columns import KNOWN_NAMES, ColumnNames, find_columns, match_columns, require_category
from newsdesk.errors import UsageError

NEWS = Path("news.csv")


@pytest.mark.parametrize(
    ("field", "name"), [pytest.param(field, name, id=name) for field, names in KNOWN_NAMES.items() for name in names]
)
def test_a_column_is_found_by_each_of_its_known_names(field: str, name: str) -> None:
    assert match_columns(["x", name, "y"], ColumnNames(), NEWS) == {field: name}


@pytest.mark.parametrize("spelling", ["Published At", "published-at", "PUBLISHED_AT", "PublishedAt", "_published_at_"])
def test_case_spaces_dashes_and_underscores_do_not_matter(spelling: str) -> None:
    assert match_columns([spelling], ColumnNames(), NEWS) == {"published_at": spelling}


def test_of_several_columns_the_better_name_wins_whatever_the_order() -> None:
    assert match_columns(["summary", "body", "text"], ColumnNames(), NEWS) == {"text": "text"}
    assert match_columns(["text", "body", "summary"], ColumnNames(), NEWS) == {"text": "text"}


def test_of_two_spellings_of_one_name_the_first_column_wins() -> None:
    assert match_columns(["Text", "TEXT"], ColumnNames(), NEWS) == {"text": "Text"}


def test_what_the_user_says_comes_before_what_is_found() -> None:
    said = ColumnNames(text="lead", title="kicker", category="kind")

    found = find_columns(["lead", "kicker", "kind", "text", "title", "category"], said, NEWS)

    assert found == {"text": "lead", "title": "kicker", "category": "kind"}


def test_a_column_that_the_user_takes_for_one_field_serves_no_other() -> None:
    assert find_columns(["headline", "topic"], ColumnNames(text="headline"), NEWS) == {
        "text": "headline",
        "category": "topic",
    }


@pytest.mark.parametrize("said", [ColumnNames(text="Body"), ColumnNames(title="Body"), ColumnNames(category="Body")])
def test_a_column_that_was_named_but_is_not_there_is_refused_with_those_that_are(said: ColumnNames) -> None:
    with pytest.raises(UsageError, match=r"news\.csv has no column 'Body'\. Its columns: body, label\."):
        find_columns(["body", "label"], said, NEWS)


def test_headlines_alone_are_texts() -> None:
    assert find_columns(["headline", "label"], ColumnNames(), NEWS) == {"text": "headline", "category": "label"}


def test_a_table_without_text_is_refused_with_the_names_looked_for_and_the_fix() -> None:
    with pytest.raises(UsageError, match=r"looked for text, content, .*--text-column; its columns: id, words\."):
        find_columns(["id", "words"], ColumnNames(), NEWS)


def test_a_table_without_category_is_refused_with_the_names_looked_for_and_the_fix() -> None:
    with pytest.raises(
        UsageError, match=r"looked for category, label, .*--category-column, .*--labels; .*: id, text\."
    ):
        require_category({"id": "id", "text": "text"}, ["id", "text"], NEWS)


def test_a_table_with_a_category_passes() -> None:
    require_category({"text": "text", "category": "label"}, ["text", "label"], NEWS)


def test_no_name_stands_for_two_fields() -> None:
    names = [name.replace("_", "") for known in KNOWN_NAMES.values() for name in known]

    assert len(names) == len(set(names))
