import csv
from pathlib import Path

import pandas as pd

from tests.zoo.making import made
from tests.zoo.stories import STORIES


def frame() -> pd.DataFrame:
    return pd.DataFrame(STORIES)


@made("pandas-index.csv", "pandas")
def _(path: Path) -> None:
    frame().to_csv(path)


@made("pandas-semicolon.csv", "pandas")
def _(path: Path) -> None:
    frame().to_csv(path, index=False, sep=";")


@made("pandas-bom.csv", "pandas")
def _(path: Path) -> None:
    frame().to_csv(path, index=False, encoding="utf-8-sig")


@made("pandas-utf16.csv", "pandas")
def _(path: Path) -> None:
    frame().to_csv(path, index=False, encoding="utf-16")


@made("pandas-cp1252.csv", "pandas")
def _(path: Path) -> None:
    frame().to_csv(path, index=False, encoding="windows-1252")


@made("pandas-gzip.csv.gz", "pandas")
def _(path: Path) -> None:
    frame().to_csv(path, index=False)


@made("pandas-zip.csv.zip", "pandas")
def _(path: Path) -> None:
    frame().to_csv(path, index=False)


@made("pandas-bzip2.csv.bz2", "pandas")
def _(path: Path) -> None:
    frame().to_csv(path, index=False)


@made("pandas-xz.csv.xz", "pandas")
def _(path: Path) -> None:
    frame().to_csv(path, index=False)


@made("pandas-backslashes.csv", "pandas")
def _(path: Path) -> None:
    frame().to_csv(path, index=False, quoting=csv.QUOTE_ALL, doublequote=False, escapechar="\\")


@made("pandas-unquoted.tsv", "pandas")
def _(path: Path) -> None:
    plain = frame().assign(text=[story.text.replace("\n", " ") for story in STORIES])
    plain.to_csv(path, index=False, sep="\t", quoting=csv.QUOTE_NONE, quotechar="\x01")


@made("pandas-lists.csv", "pandas")
def _(path: Path) -> None:
    frame().assign(category=[[story.category] for story in STORIES]).to_csv(path, index=False)


@made("pandas-dummies.csv", "pandas")
def _(path: Path) -> None:
    pd.get_dummies(frame(), columns=["category"]).to_csv(path, index=False)


@made("pandas-normalised.csv", "pandas")
def _(path: Path) -> None:
    records = [
        {"source": {"id": None, "name": s.source}, "title": s.title, "content": s.text, "section": s.category}
        for s in STORIES
    ]
    pd.json_normalize(records).to_csv(path, index=False)


@made("pandas-records.json", "pandas")
def _(path: Path) -> None:
    frame().to_json(path, orient="records")


@made("pandas-lines.json", "pandas")
def _(path: Path) -> None:
    frame().to_json(path, orient="records", lines=True)


@made("pandas-lines.jsonl.gz", "pandas")
def _(path: Path) -> None:
    frame().to_json(path, orient="records", lines=True)


@made("pandas-split.json", "pandas")
def _(path: Path) -> None:
    frame().to_json(path, orient="split")


@made("pandas-index.json", "pandas")
def _(path: Path) -> None:
    frame().to_json(path, orient="index")


@made("pandas-keyed.json", "pandas")
def _(path: Path) -> None:
    frame().set_index("id").to_json(path, orient="index", indent=1)


@made("pandas-columns.json", "pandas")
def _(path: Path) -> None:
    frame().to_json(path, orient="columns")


@made("pandas-table.json", "pandas")
def _(path: Path) -> None:
    frame().to_json(path, orient="table")


@made("pandas-values.json", "pandas")
def _(path: Path) -> None:
    frame().to_json(path, orient="values")


@made("pandas.xlsx", "pandas")
def _(path: Path) -> None:
    frame().assign(date=pd.to_datetime([story.date for story in STORIES])).to_excel(path, index=False)


@made("pandas-categorical.parquet", "pandas")
def _(path: Path) -> None:
    frame().astype({"category": "category"}).to_parquet(path)


@made("pandas.feather", "pandas")
def _(path: Path) -> None:
    frame().assign(date=pd.to_datetime([story.date for story in STORIES])).to_feather(path)


@made("pandas.html", "pandas")
def _(path: Path) -> None:
    frame().to_html(path)


@made("pandas.xml", "pandas")
def _(path: Path) -> None:
    frame().to_xml(path, parser="etree")
