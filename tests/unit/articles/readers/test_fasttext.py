import pytest

from newsdesk.articles.readers import read_table
from newsdesk.errors import DataError
from tests.unit.articles.readers.conftest import Write


def test_each_line_is_an_article_with_the_labels_that_stand_in_it(write: Write) -> None:
    table = read_table(write("a.txt", "__label__sport The team won\n\n__label__a __label__b Both\nno label\n"))

    assert table.columns == ["text", "label"]
    assert [(row.number, row.values) for row in table.rows] == [
        (1, {"text": "The team won", "label": ["sport"]}),
        (3, {"text": "Both", "label": ["a", "b"]}),
        (4, {"text": "no label", "label": []}),
    ]


def test_lines_may_be_quoted_as_csv_quotes_them(write: Write) -> None:
    table = read_table(write("a.txt", '__label__a Plain\n"__label__b One, ""two""\nand three"\n'))

    assert [row.values for row in table.rows] == [
        {"text": "Plain", "label": ["a"]},
        {"text": 'One, "two"\nand three', "label": ["b"]},
    ]


def test_a_text_file_may_be_a_table_between_tabs_as_excel_saves_it(write: Write) -> None:
    table = read_table(write("a.txt", "title\ttext\r\nA\tB\r\n".encode("utf-16")))

    assert [row.values for row in table.rows] == [{"title": "A", "text": "B"}]


@pytest.mark.parametrize("content", ["Just a story.\nAnd more.\n", "README\n\nThis holds news.\n"])
def test_plain_text_is_refused_with_what_to_give(write: Write, content: str) -> None:
    with pytest.raises(DataError, match=r"plain text: no line begins with fastText's __label__.*Give a table"):
        read_table(write("a.txt", content))
