"""The picture of docs/architecture.md, drawn from the tables of that page."""

import re
from itertools import pairwise
from pathlib import Path
from textwrap import fill
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
_BOX, _GAP = (1.62, 0.78), (0.3, 0.75)  # width and height of a box, and what lies between two
_COLOURS = ("#dbe9f6", "#e3f1df", "#fbe6d0")  # a row of boxes each
_ARROW = {"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
_ROW = re.compile(r"^\| (?P<name>[^|]+) \| `(?P<path>[^`|]+)` \|")


class Step(NamedTuple):
    name: str
    path: str  # below src/newsdesk/


def read_steps(page: str) -> dict[str, list[Step]]:
    """The steps by the heading that they stand under, of all tables whose first column is `step`."""
    steps: dict[str, list[Step]] = {}
    heading, is_steps = "", False
    for line in page.splitlines():
        if line.startswith("## "):
            heading, is_steps = line[3:], False
        elif line.startswith("| step |"):
            is_steps = True
        elif is_steps and (row := _ROW.match(line)):
            steps.setdefault(heading, []).append(Step(row["name"], row["path"]))
    return steps


def draw(folder: Path) -> None:
    """Write `architecture.svg`: a row of boxes for each heading, every second one from right to left."""
    rows = read_steps(PAGE.read_text(encoding="utf-8"))
    width, height = (box + gap for box, gap in zip(_BOX, _GAP, strict=True))
    columns = max(map(len, rows.values()))
    figure = Figure(figsize=(columns * width + 0.5, len(rows) * height - _GAP[1] + 0.5))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-0.15, columns * width + 0.35)
    axes.set_ylim(_GAP[1] - len(rows) * height - 0.1, 0.4)
    corners: list[tuple[float, float]] = []
    for row, (heading, steps) in enumerate(rows.items()):
        top = -row * height
        axes.text(_BOX[0] / 2 + 0.12, top + 0.14, heading, fontsize=11, fontweight="bold")
        for place, step in enumerate(steps):
            column = place if row % 2 == 0 else columns - 1 - place
            corners.append((column * width, top - _BOX[1]))
            _draw_box(axes, corners[-1], step, _COLOURS[row % len(_COLOURS)])
    for begin, end in pairwise(corners):
        _draw_arrow(axes, begin, end)
    again = next(place for place, step in enumerate(next(iter(rows.values()))) if step.name == "Plan")
    _draw_way_back(axes, corners[-1], corners[again], columns * width + 0.1)
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "newsdesk", "font.family": "sans-serif"}):
        figure.savefig(folder / "architecture.svg", metadata={"Date": None})


def _draw_box(axes: Axes, corner: tuple[float, float], step: Step, colour: str) -> None:
    (left, bottom), (width, height) = corner, _BOX
    style = "round,pad=0,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle=style, facecolor=colour, edgecolor="#888888"))
    middle = left + width / 2
    axes.text(middle, bottom + height * 0.72, step.name, ha="center", va="center", fontsize=10, fontweight="bold")
    path = fill(step.path.replace("/", "/ "), 26).replace("/ ", "/")
    axes.text(middle, bottom + height * 0.32, path, ha="center", va="center", fontsize=7.5, color="#333333")


def _draw_arrow(axes: Axes, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """From one box to the next: beside it, or below it."""
    (left, bottom), (width, height) = begin, _BOX
    if begin[1] != end[1]:
        ends = (left + width / 2, bottom), (end[0] + width / 2, end[1] + height)
    elif end[0] > left:
        ends = (left + width, bottom + height / 2), (end[0], bottom + height / 2)
    else:
        ends = (left, bottom + height / 2), (end[0] + width, bottom + height / 2)
    axes.annotate("", xy=ends[1], xytext=ends[0], arrowprops=_ARROW)


def _draw_way_back(axes: Axes, begin: tuple[float, float], end: tuple[float, float], right: float) -> None:
    """From the last box around the others to an earlier one, which the arrow reaches from above."""
    width, height = _BOX
    target = end[0] + width / 2
    across, along = begin[1] + height / 2, 0.3
    axes.plot([begin[0] + width, right, right, target], [across, across, along, along], color="#555555", linewidth=1.2)
    axes.annotate("", xy=(target, end[1] + height), xytext=(target, along), arrowprops=_ARROW)
