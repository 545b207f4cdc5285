from hypothesis import given
from hypothesis import strategies as st

from newsdesk.monitoring.page.markup import document, tag
from tests.unit.monitoring.page.reports import Page

TEXT = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_whatever_is_said_is_read_as_it_is(text: str, value: str) -> None:
    page = Page(document(tag("p", text, tag("b", text), text, title=value)))
    assert page.tags == {"p": 1, "b": 1}
    assert "".join(page.texts.get("p", [])) == text * 2
    assert ("title", value) in page.attributes


def test_names_of_attributes_have_hyphens_and_what_is_none_is_left_out() -> None:
    assert document(tag("p", "a", None, class_="b", aria_label="c", id=None)) == (
        '<!DOCTYPE html>\n<p class="b" aria-label="c">a</p>\n'
    )
