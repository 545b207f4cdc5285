import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl

from tests.zoo.making import made
from tests.zoo.stories import STORIES, Story

# The options of its CSV filter: delimiter, quotation mark, encoding (76: UTF-8, 65535: UTF-16), first line, quote all.
_CSV = "csv:Text - txt - csv (StarCalc):"


def convert(path: Path, to: str) -> None:
    with TemporaryDirectory() as folder:
        book = openpyxl.Workbook()
        book.active.append(list(Story._fields))
        for story in STORIES:
            book.active.append(list(story))
        book.save(Path(folder) / "stories.xlsx")
        out = Path(folder) / "out"
        command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", to]
        subprocess.run([*command, "--outdir", str(out), f"{folder}/stories.xlsx"], check=True, capture_output=True)
        next(out.iterdir()).rename(path)


@made("libreoffice.csv", "libreoffice")
def _(path: Path) -> None:
    convert(path, _CSV + "44,34,76,1")


@made("libreoffice-semicolon-quoted.csv", "libreoffice")
def _(path: Path) -> None:
    convert(path, _CSV + "59,34,76,1,,0,true")


@made("libreoffice-utf16-tabs.csv", "libreoffice")
def _(path: Path) -> None:
    convert(path, _CSV + "9,34,65535,1")


@made("libreoffice.xlsx", "libreoffice")
def _(path: Path) -> None:
    convert(path, "xlsx:Calc MS Excel 2007 XML")


@made("libreoffice.xls", "libreoffice")
def _(path: Path) -> None:
    convert(path, "xls:MS Excel 97")


@made("libreoffice.ods", "libreoffice")
def _(path: Path) -> None:
    convert(path, "ods")
