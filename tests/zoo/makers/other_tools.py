from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.orc

from tests.zoo.making import made
from tests.zoo.stories import STORIES


def table() -> pa.Table:
    return pa.Table.from_pylist([story._asdict() for story in STORIES])


@made("pyarrow.csv", "pyarrow")
def _(path: Path) -> None:
    pyarrow.csv.write_csv(table(), path)


@made("pyarrow.feather", "pyarrow")
def _(path: Path) -> None:
    pyarrow.feather.write_feather(table(), path, compression="lz4")


@made("pyarrow.orc", "pyarrow")
def _(path: Path) -> None:
    pyarrow.orc.write_table(table(), path)


@made("spark-default.csv")
def _(path: Path) -> None:
    """As `df.write.option("header", True).csv` quotes: a backslash before a quotation mark in a quoted cell."""
    lines = ["title,text,category"]
    for s in STORIES:
        cells = (s.title, " ".join(s.text.split()), s.category)
        marked = ('"' + cell.replace('"', '\\"') + '"' if "," in cell or '"' in cell else cell for cell in cells)
        lines.append(",".join(marked))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
