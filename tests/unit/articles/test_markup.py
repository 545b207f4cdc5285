"""HTML that was left in articles is noticed, and nothing else is taken for it."""

import html
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.articles.markup import has_markup


@pytest.mark.parametrize(
    "text",
    [
        "<p>Rates rise.</p>",
        "Rates rise.<br/>Markets fall.",
        'See <a href="https://news.example/a?b=1&c=2">here</a>',
        "<IMG SRC=x>",
        "<h2 class='lead'>Rates rise",
        "Rates rise.</div>",
        "<!-- advert -->",
        "<!DOCTYPE html>",
        "Rates &amp; markets",
        "the bank&rsquo;s rates",
        "the bank&#8217;s rates",
        "the bank&#x2019;s rates",
        "a&nbsp;b",
    ],
)
def test_tags_comments_and_entities_are_markup(text: str) -> None:
    assert has_markup(text)


@pytest.mark.parametrize(
    "text",
    [
        "Rates rise & markets fall",
        "AT&T; and others",
        "if a < b and b > c",
        "1 <2> 3",
        "<unknown> said",
        "<paul@news.example> wrote",
        "a <3 for the team",
        "<> <",
        "R&D, Q&A and B&B",
        "",
    ],
)
def test_text_is_not_markup(text: str) -> None:
    assert not has_markup(text)


@given(st.text())
def test_escaped_text_is_markup_exactly_where_something_was_escaped(text: str) -> None:
    assert has_markup(html.escape(text)) == (html.escape(text) != text or has_markup(text))


@pytest.mark.parametrize("text", ["<p " * 50_000, "<" * 100_000, "&#" * 100_000, "<p" + " " * 100_000], ids=len)
def test_it_takes_no_longer_for_what_is_made_to_be_slow(text: str) -> None:
    begun = time.process_time()  # others may be at work on this machine
    assert not has_markup(text)
    assert time.process_time() - begun < 3
