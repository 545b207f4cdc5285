"""Answers of news services as their guides show them; `category` is what people add to NewsAPI's."""

import json
from pathlib import Path
from typing import Any

from tests.zoo.making import made
from tests.zoo.stories import STORIES


def newsapi(**more: Any) -> dict[str, Any]:
    articles = [
        {
            "source": {"id": None, "name": s.source},
            "author": None,
            "title": s.title,
            "description": s.text[:40],
            "url": s.url,
            "urlToImage": None,
            "publishedAt": f"{s.date}T08:00:00Z",
            "content": s.text,
        }
        | {name: getattr(s, value) for name, value in more.items()}
        for s in STORIES
    ]
    return {"status": "ok", "totalResults": len(articles), "articles": articles}


@made("newsapi.json")
def _(path: Path) -> None:
    path.write_text(json.dumps(newsapi(category="category")), encoding="utf-8")


@made("newsapi-articles.jsonl")
def _(path: Path) -> None:
    rows = newsapi(category="category")["articles"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@made("newsapi-unlabelled.json")
def _(path: Path) -> None:
    path.write_text(json.dumps(newsapi()), encoding="utf-8")


@made("newsapi-with-labels.json")
def _(path: Path) -> None:
    path.write_text(json.dumps(newsapi(id="id")), encoding="utf-8")


@made("guardian.json")
def _(path: Path) -> None:
    results = [
        {
            "id": s.id,
            "type": "article",
            "sectionId": s.category,
            "sectionName": s.category,
            "webPublicationDate": f"{s.date}T08:00:00Z",
            "webTitle": s.title,
            "webUrl": s.url,
            "fields": {"bodyText": s.text, "trailText": s.text[:30]},
            "isHosted": False,
        }
        for s in STORIES
    ]
    answer = {"status": "ok", "total": len(results), "pages": 1, "results": results}
    path.write_text(json.dumps({"response": answer}), encoding="utf-8")


@made("new-york-times.json")
def _(path: Path) -> None:
    docs = [
        {
            "_id": f"nyt://article/{s.id}",
            "headline": {"main": s.title, "kicker": None},
            "lead_paragraph": s.text,
            "section_name": s.category,
            "pub_date": f"{s.date}T08:00:00+0000",
            "source": s.source,
            "web_url": s.url,
            "keywords": [{"name": "subject", "value": "x", "rank": 1}],
            "byline": {"original": "By A. Writer", "person": []},
        }
        for s in STORIES
    ]
    path.write_text(json.dumps({"status": "OK", "response": {"docs": docs, "meta": {"hits": 12}}}), encoding="utf-8")


@made("elasticsearch.json")
def _(path: Path) -> None:
    hits = [{"_index": "news", "_id": s.id, "_score": 1.0, "_source": s._asdict()} for s in STORIES]
    answer = {"took": 3, "_shards": {"total": 1}, "hits": {"total": {"value": 12}, "hits": hits}}
    path.write_text(json.dumps(answer), encoding="utf-8")


@made("mongoexport.json")
def _(path: Path) -> None:
    rows = (
        {
            "_id": {"$oid": f"{n:024x}"},
            "title": s.title,
            "text": s.text,
            "category": s.category,
            "date": {"$date": f"{s.date}T08:00:00Z"},
        }
        for n, s in enumerate(STORIES)
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
