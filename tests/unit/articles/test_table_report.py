"""What is told of how a table was read."""

from newsdesk.articles.column_mapping import ColumnMapping, ColumnNames, map_columns
from newsdesk.articles.table_report import TableReport


def told(columns: ColumnMapping) -> list[str]:
    return list(TableReport(columns=columns).sentences())


def test_it_is_told_which_column_became_what_and_which_were_not_used() -> None:
    columns = map_columns(["headline", "text", "authors"], {"title": "headline", "text": "text"})

    assert told(columns) == ["Columns: title from 'headline', text.", "Not used: 'authors'."]


def test_where_two_columns_are_known_for_a_field_it_is_told_which_one_was_taken_and_how_to_take_the_other() -> None:
    columns = map_columns(["text", "summary", "label", "topic"], {"text": "text", "category": "label"})

    assert columns.alternatives == {"text": ["summary"], "category": ["topic"]}
    assert told(columns)[-2:] == [
        "For text there was 'text' and 'summary'; the first was taken: to take another, --text-column.",
        "For category there was 'label' and 'topic'; the first was taken: to take another, --category-column.",
    ]


def test_of_a_column_that_was_named_no_other_choice_is_told() -> None:
    columns = map_columns(
        ["body", "text", "label", "topic"], {"text": "body", "category": "label"}, ColumnNames(text="body")
    )
    assert columns.alternatives == {"category": ["topic"]}


def test_a_headline_beside_the_title_that_became_the_text_is_a_candidate_too() -> None:
    assert map_columns(["title", "headline"], {"text": "title"}).alternatives == {"text": ["headline"]}


def test_many_long_and_nameless_columns_fill_no_page() -> None:
    columns = map_columns(["text", "", "word " * 1000, *(f"x{n}" for n in range(1000))], {"text": "text"})

    (_, unused) = told(columns)

    assert unused.startswith("Not used: '(no name)', 'word word")
    assert unused.endswith("'x17' and 982 others.")
    assert len(unused) < 300


def test_what_the_layout_told_and_what_could_not_be_used_is_told_too() -> None:
    reading = TableReport(columns=map_columns(["text"], {"text": "text"}), notes=("A note.",), unusable={"source": 3})

    assert list(reading.sentences())[1:] == [
        "In 3 rows, source is a list, an object or a truth value, and was left out; the articles stay.",
        "A note.",
    ]
