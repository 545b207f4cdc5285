from datetime import date
from pathlib import Path

import openpyxl
import xlsxwriter

from tests.zoo.making import made
from tests.zoo.stories import STORIES, Story


@made("openpyxl-preamble.xlsx", "openpyxl")
def _(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Articles of May"])
    sheet.append([])
    sheet.append(list(Story._fields))
    for story in STORIES:
        sheet.append([*story[:4], date.fromisoformat(story.date), *story[5:]])
    book.save(path)


@made("openpyxl-numbers.xlsx", "openpyxl")
def _(path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("News")
    sheet.append(["article_id", "headline", "body", "desk", None, None])
    for number, story in enumerate(STORIES, start=1):
        sheet.append([number, story.title, story.text, story.category, None, None])
    book.save(path)


@made("xlsxwriter-table.xlsx", "xlsxwriter")
def _(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        about = book.add_worksheet("Read me")
        about.write(0, 0, "Every row of the next sheet is an article.")
        sheet = book.add_worksheet("Articles")
        columns = [{"header": name} for name in Story._fields]
        sheet.add_table(0, 0, len(STORIES), len(columns) - 1, {"columns": columns, "data": [list(s) for s in STORIES]})


@made("xlsxwriter-hidden.xlsx", "xlsxwriter")
def _(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        for name, stories in (("Old", STORIES[:2]), ("New", STORIES)):
            sheet = book.add_worksheet(name)
            for row, cells in enumerate([Story._fields, *stories]):
                sheet.write_row(row, 0, cells)
        book.get_worksheet_by_name("Old").hide()
        book.get_worksheet_by_name("New").activate()


@made("xlsxwriter-months.xlsx", "xlsxwriter")
def _(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        for name, stories in (("May", STORIES[:6]), ("June", STORIES[6:])):
            sheet = book.add_worksheet(name)
            for row, cells in enumerate([Story._fields, *stories]):
                sheet.write_row(row, 0, cells)
