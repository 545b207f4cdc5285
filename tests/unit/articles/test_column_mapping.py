from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.articles.column_mapping import (
    KNOWN_NAMES,
    ColumnNames,
    find_columns,
    map_columns,
    match_columns,
    require_category,
)
from newsdesk.errors import UsageError

NEWS = Path("news.csv")


@pytest.mark.parametrize(
    ("field", "name"), [pytest.param(field, name, id=name) for field, names in KNOWN_NAMES.items() for name in names]
)
def test_a_column_is_found_by_each_of_its_known_names(field: str, name: str) -> None:
    assert match_columns(["x", name, "y"], ColumnNames(), NEWS) == {field: name}


@pytest.mark.parametrize(
    "spelling",
    ["Published At", "published-at", "PUBLISHED_AT", "PublishedAt", "_published_at_", "published.at", " Published at:"],
)
def test_all_but_letters_and_digits_does_not_matter_in_a_name(spelling: str) -> None:
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
        UsageError, match=r"looked for category, category_name, .*--category-column, .*--labels; .*: id, text\."
    ):
        require_category({"id": "id", "text": "text"}, ["id", "text"], NEWS)


def test_a_table_with_a_category_passes() -> None:
    require_category({"text": "text", "category": "label"}, ["text", "label"], NEWS)


def test_no_name_stands_for_two_fields() -> None:
    names = [name.replace("_", "") for known in KNOWN_NAMES.values() for name in known]

    assert len(names) == len(set(names))


# Columns as the tools and data sets named write them, and what has to become of them.
LAYOUTS = {
    "HuffPost (Kaggle, JSON Lines)": (
        ["link", "headline", "category", "short_description", "authors", "date"],
        {
            "title": "headline",
            "text": "short_description",
            "category": "category",
            "url": "link",
            "published_at": "date",
        },
    ),
    "AG News (Kaggle)": (
        ["Class Index", "Title", "Description"],
        {"title": "Title", "text": "Description", "category": "Class Index"},
    ),
    "AG News (SetFit on Hugging Face)": (["text", "label", "label_text"], {"text": "text", "category": "label_text"}),
    "news-please": (
        ["authors", "date_download", "date_publish", "description", "language", "maintext", "source_domain", "title"],
        {
            "title": "title",
            "text": "maintext",
            "published_at": "date_publish",
            "language": "language",
            "source": "source_domain",
        },
    ),
    "newspaper4k": (
        ["title", "text", "summary", "publish_date", "meta_lang", "tags", "source_url"],
        {
            "title": "title",
            "text": "text",
            "published_at": "publish_date",
            "language": "meta_lang",
            "category": "tags",
        },
    ),
    "New York Times, flattened by pandas": (
        ["abstract", "lead_paragraph", "headline.main", "pub_date", "section_name", "news_desk", "web_url", "uri"],
        {
            "id": "uri",
            "title": "headline.main",
            "text": "lead_paragraph",
            "category": "section_name",
            "published_at": "pub_date",
            "url": "web_url",
        },
    ),
    "The Guardian": (
        ["id", "webTitle", "bodyText", "sectionName", "webPublicationDate", "webUrl"],
        {
            "id": "id",
            "title": "webTitle",
            "text": "bodyText",
            "category": "sectionName",
            "published_at": "webPublicationDate",
            "url": "webUrl",
        },
    ),
    "NewsAPI": (
        ["source", "author", "title", "description", "url", "publishedAt", "content"],
        {"source": "source", "title": "title", "text": "content", "url": "url", "published_at": "publishedAt"},
    ),
    "schema.org": (
        ["headline", "articleBody", "articleSection", "datePublished", "inLanguage"],
        {
            "title": "headline",
            "text": "articleBody",
            "category": "articleSection",
            "published_at": "datePublished",
            "language": "inLanguage",
        },
    ),
    "All the News (Kaggle)": (
        ["", "id", "title", "publication", "author", "date", "year", "url", "content"],
        {
            "id": "id",
            "title": "title",
            "text": "content",
            "source": "publication",
            "published_at": "date",
            "url": "url",
        },
    ),
    "GDELT": (
        ["url", "title", "seendate", "domain", "language"],
        {"url": "url", "text": "title", "published_at": "seendate", "source": "domain", "language": "language"},
    ),
}


@pytest.mark.parametrize(("columns", "fields"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_the_layouts_of_other_tools_are_understood(columns: list[str], fields: dict[str, str]) -> None:
    assert find_columns(columns, ColumnNames(), NEWS) == fields
    assert find_columns(columns[::-1], ColumnNames(), NEWS) == fields


@given(st.lists(st.text(max_size=12) | st.sampled_from([n for names in KNOWN_NAMES.values() for n in names])))
def test_every_column_is_taken_once_or_told_as_not_used(columns: list[str]) -> None:
    columns = list(dict.fromkeys([*columns, "text"]))

    found = find_columns(columns, ColumnNames(), NEWS)
    mapped = map_columns(columns, found)

    assert sorted([*mapped.fields.values(), *mapped.unused]) == sorted(columns)
    assert {name for names in mapped.alternatives.values() for name in names} <= set(mapped.unused)
