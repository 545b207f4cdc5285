"""What a metric of one category is called in MLflow."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mlflow.utils.validation import MAX_ENTITY_KEY_LENGTH, _validate_metric, _validate_metric_name

from newsdesk.registry.metric_names import LONGEST_CATEGORY, category_metric

LONGEST_NAME = "validation_precision"

# What a person can type: no surrogates, no NUL, at most 200 characters (articles/article.py).
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_TRICKY = st.text(st.sampled_from("./: %?&_-aA2F⚽é"), min_size=1, max_size=8)
CATEGORIES = _TRICKY | st.text(_CHARACTERS, min_size=1, max_size=200)


@given(CATEGORIES)
@example("/sport")
@example("sport/")
@example("news//sport")
@example(".")
@example("..")
@example("../..")
@example("⚽" * 200)
@example("ü" * 200)
@example("a\n")
def test_mlflow_takes_the_metric_of_any_category(category: str) -> None:
    name = category_metric(LONGEST_NAME, category)
    _validate_metric_name(name)
    _validate_metric(name, 0.5, 0, 0)
    assert len(name) <= MAX_ENTITY_KEY_LENGTH


@given(st.lists(CATEGORIES, min_size=2, max_size=20, unique=True))
@example(["R&D", "R?D", "R_D", "R:26D"])
@example(["sport", "/sport", "sport/", "//sport", ":2Fsport"])
@example([".", "..", ":2E", ":2E:2E", "./."])
@example(["⚽" * 200, "⚽" * 199 + "🏆", "x" * 200, "x" * 199 + "⚽"])
@example(["é", "e\u0301"])
def test_no_two_categories_share_a_metric(categories: list[str]) -> None:
    assert len({category_metric("test_f1", category) for category in categories}) == len(categories)


@pytest.mark.parametrize("category", ["sports", "World News", "mother-in-law", "U.S. politics", "world_news", "Köln"])
def test_an_ordinary_category_is_named_as_it_is(category: str) -> None:
    assert category_metric("test_f1", category) == f"test_f1/{category}"


def test_what_mlflow_does_not_take_is_told_by_its_bytes() -> None:
    assert category_metric("test_f1", "R&D/100%") == "test_f1/R:26D:2F100:25"
    assert category_metric("test_f1", "..") == "test_f1/:2E:2E"


def test_a_name_that_gets_too_long_ends_in_its_digest() -> None:
    *_, escaped = category_metric("test_f1", "⚽" * 30).partition("/")
    assert len(escaped) == LONGEST_CATEGORY
    assert escaped.startswith(":E2:9A:BD:E2:9A:BD")
    assert escaped[-34:-32] == "::"
