"""The sample corpus: articles written for this project, so that a newcomer without data sees the whole loop work."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from newsdesk.articles.readers import RawRow, RawTable

CATEGORIES = ("business", "entertainment", "politics", "sports", "technology")
COLUMNS = ["id", "title", "text", "category", "published_at"]

_ARTICLE = re.compile(r"^## (?P<title>.+)\n\n(?P<facts>(?:- .+\n)+)\n(?P<text>(?:(?!## ).*\n?)+)", re.MULTILINE)


@dataclass(frozen=True)
class SampleArticle:
    """An article of the sample; `category` is None in the unlabelled part, whose labels are kept apart."""

    id: str
    title: str
    text: str
    category: str | None
    date: str
    subject: str | None


def read_articles(name: str) -> Iterator[SampleArticle]:
    """The articles in `<name>.md`, in order: a category's, or `unlabelled`."""
    content = files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    for match in _ARTICLE.finditer(content):
        facts = dict(line.removeprefix("- ").split(": ", 1) for line in match["facts"].splitlines())
        category = name if name in CATEGORIES else None
        text = match["text"].strip()
        yield SampleArticle(facts["id"], match["title"], text, category, facts["date"], facts.get("subject"))


def read_sample() -> RawTable:
    """The labelled articles as a table like any user's; rows are numbered through from 1."""
    articles = (article for category in CATEGORIES for article in read_articles(category))
    rows = (
        RawRow(number, {"id": a.id, "title": a.title, "text": a.text, "category": a.category, "published_at": a.date})
        for number, a in enumerate(articles, start=1)
    )
    return RawTable(Path("sample"), COLUMNS, rows)
