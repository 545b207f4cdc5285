import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from newsdesk.articles.article import MAX_TEXT_LENGTH, Article, LabelledArticle
from newsdesk.sample import read_sample
from tests.builders import sample_rows

SCHEMA_FILE = Path(__file__).parents[3] / "data/schemas/news_schema.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

STORY: dict[str, Any] = {"id": "1", "text": "The bank waits."}


def test_the_schema_file_says_what_the_article_says() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == json.dumps(Article.model_json_schema(), indent=2) + "\n"


def test_the_schema_file_is_itself_valid_json_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_row_of_the_sample_is_valid() -> None:
    wrong = [row.number for row in read_sample().rows if not VALIDATOR.is_valid(row.values)]

    assert wrong == []


def test_an_article_written_as_json_is_valid_and_reads_back_the_same() -> None:
    article = Article.model_validate(
        sample_rows(1)[0] | {"published_at": "2025-01-02T03:04:05+01:00", "language": "en"}
    )
    written = article.model_dump(mode="json")

    VALIDATOR.validate(written)
    assert Article.model_validate(written) == article


@pytest.mark.parametrize(
    "story",
    [
        STORY,
        STORY | {"title": "", "category": None, "published_at": None, "source": None, "url": None, "language": None},
        STORY | {"title": "t" * 10_000, "category": "c" * 200, "id": "i" * 500},
        STORY | {"text": "x" * MAX_TEXT_LENGTH},
        STORY | {"text": "line\nline\n", "title": "🗞 東京\u2028"},
        STORY | {"published_at": "2025-01-02T03:04:05Z"},
    ],
)
def test_what_the_schema_takes_the_article_takes(story: dict[str, Any]) -> None:
    VALIDATOR.validate(story)

    Article.model_validate(story)


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"id": None},
        {"id": 1},
        {"id": "i" * 501},
        {"text": ""},
        {"text": None},
        {"text": ["The bank waits."]},
        {"text": "x" * (MAX_TEXT_LENGTH + 1)},
        {"title": None},
        {"title": "t" * 10_001},
        {"category": ""},
        {"category": 4},
        {"category": "c" * 201},
        {"source": "s" * 10_001},
        {"url": "u" * 10_001},
        {"language": "l" * 36},
        {"headline": "unknown field"},
    ],
)
def test_what_the_schema_refuses_the_article_refuses(change: dict[str, Any]) -> None:
    story = STORY | change

    assert not VALIDATOR.is_valid(story)
    with pytest.raises(ValidationError):
        Article.model_validate(story)


@pytest.mark.parametrize("absent", ["id", "text"])
def test_an_article_needs_an_id_and_a_text(absent: str) -> None:
    story = {name: value for name, value in STORY.items() if name != absent}

    assert not VALIDATOR.is_valid(story)
    with pytest.raises(ValidationError, match=absent):
        Article.model_validate(story)


@pytest.mark.parametrize(
    "field",
    [
        "id",
        "title",
        "text",
        "category",
        "source",
        "url",
        pytest.param("language"),
    ],
)
def test_no_text_of_an_article_holds_a_nul_character(field: str) -> None:
    story = STORY | {field: "a\x00b"}

    assert not VALIDATOR.is_valid(story)
    with pytest.raises(ValidationError, match=field):
        Article.model_validate(story)


@pytest.mark.parametrize("field", ["id", "title", "text", "category", "source", "url", "language"])
def test_no_text_of_an_article_holds_half_a_character(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Article.model_validate(STORY | {field: "a\ud800b"})


@pytest.mark.parametrize("category", [{}, {"category": None}, {"category": ""}])
def test_an_article_to_learn_from_needs_a_category(category: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="category"):
        LabelledArticle.model_validate(STORY | category)
