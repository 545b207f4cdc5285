"""Tables laid out as well-known data sets on Kaggle and in archives are; the articles are ours."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from tests.zoo.making import made
from tests.zoo.stories import STORIES

NUMBERS = {"sport": 2, "business": 3, "science": 4}


def table(rows: list[dict[str, Any]], **options: Any) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), **options)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def ag() -> list[dict[str, Any]]:
    return [{"Class Index": NUMBERS[s.category], "Title": s.title, "Description": s.text} for s in STORIES]


@made("kaggle-news-category-v3.json")
def _(path: Path) -> None:
    rows = (
        {
            "link": s.url,
            "headline": s.title,
            "category": s.category.upper(),
            "short_description": s.text,
            "authors": "A. Writer",
            "date": s.date,
        }
        for s in STORIES
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@made("kaggle-bbc-text.csv")
def _(path: Path) -> None:
    path.write_text(table([{"category": s.category, "text": s.text.lower()} for s in STORIES]), encoding="utf-8")


@made("kaggle-bbc-archive.csv")
def _(path: Path) -> None:
    """Between tabs, and quotation marks are text."""
    lines = ["category\tfilename\ttitle\tcontent"]
    lines += [f"{s.category}\t{n:03}.txt\t{s.title}\t {' '.join(s.text.split())}" for n, s in enumerate(STORIES, 1)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@made("kaggle-ag-news.csv")
def _(path: Path) -> None:
    path.write_text(table(ag()), encoding="utf-8")


@made("kaggle-ag-news-headless.csv")
def _(path: Path) -> None:
    path.write_text(table(ag(), quoting=csv.QUOTE_ALL).partition("\r\n")[2], encoding="utf-8")


@made("kaggle-news-aggregator.csv")
def _(path: Path) -> None:
    rows = [
        {
            "ID": n,
            "TITLE": s.title,
            "URL": s.url,
            "PUBLISHER": s.source,
            "CATEGORY": s.category[0],
            "STORY": f"dDUIMDaKpr{n}bVMk",
            "HOSTNAME": "news.example",
            "TIMESTAMP": 1394470370698 + n,
        }
        for n, s in enumerate(STORIES, start=1)
    ]
    path.write_text(table(rows), encoding="utf-8")


@made("kaggle-inshorts.csv")
def _(path: Path) -> None:
    rows = [{"news_headline": s.title, "news_article": s.text, "news_category": s.category} for s in STORIES]
    path.write_text(table(rows), encoding="utf-8")


@made("kaggle-all-the-news.csv")
def _(path: Path) -> None:
    """No category: the newspaper is one only if people say so."""
    rows = [
        {"": n, "id": 17000 + n, "title": s.title, "publication": s.source, "author": "A. Writer", "content": s.text}
        for n, s in enumerate(STORIES)
    ]
    path.write_text(table(rows), encoding="utf-8")


@made("kaggle-true.csv")
def _(path: Path) -> None:
    rows = [
        {"title": s.title, "text": s.text, "subject": s.category, "date": f"May {n}, 2024 "}
        for n, s in enumerate(STORIES, start=1)
    ]
    path.write_text(table(rows), encoding="utf-8")


@made("kaggle-toxic-style.csv")
def _(path: Path) -> None:
    rows = [{"id": s.id, "text": s.text} | {name: int(s.category == name) for name in NUMBERS} for s in STORIES]
    path.write_text(table(rows), encoding="utf-8")


@made("kaggle-archive.zip")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("news/news.csv", table([s._asdict() for s in STORIES]))


@made("kaggle-train-test.zip")
def _(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, stories in (("train.csv", STORIES[:8]), ("test.csv", STORIES[8:])):
            archive.writestr(name, table([s._asdict() for s in stories]))
