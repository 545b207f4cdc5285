"""An article. `data/schemas/news_schema.json` says the same in JSON Schema; a test keeps the two equal."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_TEXT_LENGTH = 1_000_000  # characters; a longer "text" is a broken file, not a story

_Line = Annotated[str, Field(max_length=10_000, pattern=r"^[^\u0000]*$")]


class Article(BaseModel):
    """One story. Titles may be empty; texts and, for training, categories may not."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="News article")

    id: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\u0000]*$")]
    title: _Line = ""
    text: Annotated[str, Field(min_length=1, max_length=MAX_TEXT_LENGTH, pattern=r"^[^\u0000]*$")]
    category: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")] | None = None
    published_at: datetime | None = None
    source: _Line | None = None
    url: _Line | None = None
    language: Annotated[str, Field(max_length=35, pattern=r"^[^\u0000]*$")] | None = None


class LabelledArticle(Article):
    """An article that can be learnt from."""

    category: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\u0000]*$")]
