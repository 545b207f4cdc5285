"""Draw the pictures of the documentation again: `python -m scripts.pictures`, or some of them.

The names are `architecture`, `run`, `monitor`, `docs` and `terminal`.

Pages need Chromium, such as Debian's.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.pictures import architecture, docs_page, monitor, terminal
from scripts.pictures.newsroom import Newsroom

FOLDER = Path(__file__).parents[2] / "docs" / "images"
DRAWN = {
    "architecture": lambda _, folder: architecture.draw(folder),
    "run": terminal.draw_run,
    "monitor": monitor.draw,
    "docs": docs_page.draw,
    "terminal": terminal.draw,
}
_UNTRAINED = {"architecture", "run"}  # what needs no model beforehand


def main(names: list[str]) -> None:
    if unknown := set(names) - DRAWN.keys():
        sys.exit(f"There is no picture of {', '.join(sorted(unknown))}. There are: {', '.join(DRAWN)}.")
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        newsroom = Newsroom(folder) if names and _UNTRAINED.issuperset(names) else Newsroom.trained(folder)
        for name in names or DRAWN:
            DRAWN[name](newsroom, FOLDER)


main(sys.argv[1:])
