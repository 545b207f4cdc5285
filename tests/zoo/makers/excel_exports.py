"""Text files as Excel saves them, laid out as Microsoft documents them: Excel itself runs nowhere here."""

import csv
import io
from pathlib import Path

from tests.zoo.making import made
from tests.zoo.stories import STORIES, Story


def saved(delimiter: str, *, surplus: int = 0, blank_rows: int = 0) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([*Story._fields, *[""] * surplus])
    writer.writerows([*story, *[""] * surplus] for story in STORIES)
    writer.writerows([""] * (len(Story._fields) + surplus) for _ in range(blank_rows))
    return text.getvalue()


@made("excel-utf8.csv")
def _(path: Path) -> None:
    path.write_bytes(saved(";").encode("utf-8-sig"))


@made("excel-windows.csv")
def _(path: Path) -> None:
    path.write_bytes(saved(";").encode("windows-1252"))


@made("excel-unicode-text.txt")
def _(path: Path) -> None:
    path.write_bytes(saved("\t").encode("utf-16"))


@made("excel-sep.csv")
def _(path: Path) -> None:
    path.write_bytes(b"sep=;\r\n" + saved(";").encode())


@made("excel-surplus.csv")
def _(path: Path) -> None:
    path.write_bytes(saved(",", surplus=3, blank_rows=5).encode())


@made("excel-preamble.csv")
def _(path: Path) -> None:
    path.write_bytes(("Articles of May;;\r\nMade by;Desk;\r\n;;\r\n" + saved(";")).encode("utf-8-sig"))


@made("excel-locked.xlsx")
def _(path: Path) -> None:
    """A workbook with a password is no zip archive but a compound file, which begins so."""
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1016))
