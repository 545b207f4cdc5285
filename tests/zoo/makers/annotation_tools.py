"""Labelling tools whose exports are written here as their own source or guide lays them out."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.zoo.making import made
from tests.zoo.stories import STORIES


def write_lines(path: Path, rows: Iterable[Any]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_rows(path: Path, rows: Sequence[dict[str, Any]], **options: Any) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), **options)
        writer.writeheader()
        writer.writerows(rows)


def doccano() -> list[dict[str, Any]]:
    return [
        {"id": n, "text": s.text, "title": s.title, "label": [s.category], "Comments": []}
        for n, s in enumerate(STORIES, start=1)
    ]


@made("doccano.jsonl")
def _(path: Path) -> None:
    """One example that nobody has labelled."""
    write_lines(path, [*doccano(), {"id": 13, "text": "Still without any label.", "label": [], "Comments": []}])


@made("doccano.json")
def _(path: Path) -> None:
    path.write_text(json.dumps(doccano()), encoding="utf-8")


@made("doccano.csv")
def _(path: Path) -> None:
    rows = [row | {"label": row["label"][0], "Comments": ""} for row in doccano()]
    write_rows(path, [*rows, rows[0] | {"id": 13, "text": "Of two kinds at once.", "label": "science#sport"}])


@made("doccano.txt")
def _(path: Path) -> None:
    """fastText's format through pandas' `to_csv`, which quotes what holds a comma, and leaves line breaks."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([f"__label__{s.category} {s.text} "] for s in STORIES)


@made("doccano-data.jsonl")
def _(path: Path) -> None:
    write_lines(path, ({"id": n, "data": s.text, "label": [s.category]} for n, s in enumerate(STORIES, start=1)))


def sleuth(number: int, text: str) -> dict[str, Any]:
    uri = f"may-{number}-0"
    return {"workspace_id": "news", "document_id": number, "dataset": "may", "text": text, "uri": uri}


@made("label-sleuth.csv")
def _(path: Path) -> None:
    """Yes for one category, and no for another."""
    rows = []
    for category in ("sport", "business", "science"):
        for number, story in enumerate(STORIES):
            if story.category == category or (category == "sport" and number % 3 == 0):
                said = {"metadata_title": story.title, "label": story.category == category}
                tail = {"label_metadata": "{}", "label_type": "Standard"}
                rows.append({"category_name": category} | sleuth(number, story.text) | said | tail)
    write_rows(path, rows)


@made("label-sleuth-multiclass.csv")
def _(path: Path) -> None:
    tail = {"label_metadata": "{}", "label_type": "Standard"}
    rows = [sleuth(n, s.text) | {"metadata_title": s.title, "label": s.category} | tail for n, s in enumerate(STORIES)]
    write_rows(path, rows)


@made("label-sleuth-import.csv")
def _(path: Path) -> None:
    rows = [{"text": s.text, "category_name": s.category, "label": "true"} for s in STORIES]
    write_rows(path, [*rows, rows[0] | {"category_name": "science", "label": "false"}])


def prodigy(number: int, text: str) -> dict[str, Any]:
    return {"text": text, "_input_hash": -1000 - number, "_task_hash": 2000 + number, "_view_id": "choice"}


@made("prodigy-binary.jsonl")
def _(path: Path) -> None:
    """`textcat.teach`: each label is accepted, rejected or ignored."""
    rows = [
        prodigy(n, s.text) | {"meta": {"title": s.title}, "label": s.category, "score": 0.5, "answer": "accept"}
        for n, s in enumerate(STORIES)
    ]
    rows += [row | {"label": "politics", "answer": answer} for row in rows[:2] for answer in ("reject", "ignore")]
    write_lines(path, rows)


@made("prodigy-choice.jsonl")
def _(path: Path) -> None:
    """`textcat.manual --exclusive`, and one example on which nothing was chosen."""
    options = [{"id": name, "text": name} for name in ("sport", "business", "science")]
    rows = [
        prodigy(n, s.text)
        | {"options": options, "accept": [s.category], "config": {"choice_style": "single"}, "answer": "accept"}
        for n, s in enumerate(STORIES)
    ]
    write_lines(
        path,
        [*rows, prodigy(99, "Nothing was chosen for this.") | {"options": options, "answer": "accept", "accept": []}],
    )


@made("prodigy-numbered.jsonl")
def _(path: Path) -> None:
    names = ["sport", "business", "science"]
    options = [{"id": number, "text": name} for number, name in enumerate(names)]
    write_lines(
        path,
        (
            prodigy(n, s.text) | {"options": options, "accept": [names.index(s.category)], "answer": "accept"}
            for n, s in enumerate(STORIES)
        ),
    )


@made("spacy-cats.jsonl")
def _(path: Path) -> None:
    names = ("sport", "business", "science")
    write_lines(path, ({"text": s.text, "cats": {n: float(n == s.category) for n in names}} for s in STORIES))


@made("spacy-pairs.json")
def _(path: Path) -> None:
    names = ("sport", "business", "science")
    pairs = [[s.text, {"cats": {name: float(name == s.category) for name in names}}] for s in STORIES]
    path.write_text(json.dumps(pairs), encoding="utf-8")


@made("spacy-cats.json")
def _(path: Path) -> None:
    names = ("sport", "business", "science")
    rows = [{"text": s.text, "meta": {"title": s.title}, "cats": {n: n == s.category for n in names}} for s in STORIES]
    path.write_text(json.dumps(rows), encoding="utf-8")


@made("fasttext.txt")
def _(path: Path) -> None:
    text = "".join(f"__label__{s.category} {' '.join(s.text.split())}\n" for s in STORIES)
    path.write_text(text, encoding="utf-8")


@made("fasttext-behind.txt.gz")
def _(path: Path) -> None:
    import gzip

    text = "".join(f"{' '.join(s.text.split())} __label__{s.category}\n" for s in STORIES)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
