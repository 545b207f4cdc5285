"""A separate process that reads one workbook: a file made to exhaust memory ends only this process.

`python -m newsdesk.articles.readers.workbook_process FILE [SHEET]` prints a line of JSON for each row of that sheet, or
of the one that holds the articles, an array of cells; or an object with the member `error` where there is no one such
sheet.
"""

import json
import shlex
import sys
from datetime import date, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from newsdesk.articles.readers.header import SEARCHED_ROWS, find_header, known_fields

MOST_MEMORY = 2 << 30  # bytes of address space; a hundred thousand long articles need half of it


def main(path: Path, sheet: str | None = None) -> None:
    _limit_memory()
    import python_calamine as calamine

    try:
        workbook = calamine.CalamineWorkbook.from_path(path)
        visible = calamine.SheetVisibleEnum.Visible
        sheets = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == visible]
        name = _choose(workbook, sheets) if sheet is None else _require_sheet(workbook, sheet, sheets)
        rows = workbook.get_sheet_by_name(name).iter_rows() if name else ()
    except ValueError as error:
        print(json.dumps({"error": str(error)}))  # noqa: T201 - printing is what this process is for
        return
    for cells in rows:
        print(json.dumps([_to_json(cell) for cell in cells]))  # noqa: T201


def _choose(workbook: Any, names: list[str]) -> str | None:
    """The sheet whose header names a title or a text, else the first that is not empty. Raises `ValueError` where there
    are several."""
    tables, filled = [], []
    for name in names:
        first_rows = list(islice(workbook.get_sheet_by_name(name).iter_rows(), SEARCHED_ROWS))
        if first_rows:
            filled.append(name)
            known = known_fields(first_rows[find_header(first_rows)])
            if known & {"title", "text"} and len(known) > 1:
                tables.append(name)
    if len(tables) > 1:
        listed = ", ".join(f"'{name}'" for name in tables[:5])
        raise ValueError(
            f"holds articles in {len(tables)} sheets ({listed}). Name the one that is meant, for example --sheet "
            f"{shlex.quote(tables[0])}, or save it as CSV."
        )
    return next(iter(tables or filled), None)


def _require_sheet(workbook: Any, sheet: str, visible: list[str]) -> str:
    """The sheet of a name, a hidden one, too. Raises `ValueError` where there is none."""
    if sheet not in workbook.sheet_names:
        listed = ", ".join(f"'{name}'" for name in visible[:5])
        raise ValueError(f"has no sheet '{sheet}': there are {listed}. Correct --sheet.")
    return sheet


def _to_json(cell: Any) -> Any:
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else cell


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # on Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
