"""Draw the pictures of the documentation again: `python -m scripts.pictures`, or some: `… run monitor docs terminal`.

Pages need Chromium, such as Debian's.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.pictures import docs_page, monitor, terminal
from scripts.pictures.newsroom import Newsroom

FOLDER = Path(__file__).parents[2] / "docs" / "images"
DRAWN = {"run": terminal.draw_run, "monitor": monitor.draw, "docs": docs_page.draw, "terminal": terminal.draw}


def main(names: list[str]) -> None:
    if unknown := set(names) - DRAWN.keys():
        sys.exit(f"There is no picture of {', '.join(sorted(unknown))}. There are: {', '.join(DRAWN)}.")
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        newsroom = Newsroom(folder) if names == ["run"] else Newsroom.trained(folder)
        for name in names or DRAWN:
            DRAWN[name](newsroom, FOLDER)


main(sys.argv[1:])
