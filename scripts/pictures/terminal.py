"""What a terminal shows, as SVG: `newsdesk run` on the sample, and at 80 columns the help, the versions and a month."""

import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from rich.text import Text

from newsdesk.cli.monitoring_output import print_tables
from newsdesk.config.config_files import load_pipeline_config
from scripts.pictures.monitor import MONTH
from scripts.pictures.newsroom import Newsroom, replayed

NARROW, WIDE = 80, 100
_SHIPPED = Path(__file__).parents[2] / "configs"
# rich's own format without its web fonts, so that the picture needs no other host.
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>TITLE</title>
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def draw_run(newsroom: Newsroom, folder: Path) -> None:
    """With the seconds that it takes: of a machine that does nothing else."""
    empty = {"NEWSDESK_HOME": str(newsroom.folder / "empty"), "NEWSDESK_CONFIG_DIR": str(_SHIPPED)}
    _picture(folder / "run.svg", _shown(newsroom, WIDE, "run", "--no-serve", **empty), WIDE)


def draw(newsroom: Newsroom, folder: Path) -> None:
    _picture(folder / "help.svg", _shown(newsroom, NARROW, "--help"), NARROW)
    _picture(folder / "models-list.svg", _shown(newsroom, NARROW, "models", "list"), NARROW)
    _picture(folder / "monitor.svg", _month(newsroom), NARROW)


def _terminal(width: int) -> dict[str, str]:
    return {"FORCE_COLOR": "1", "TTY_COMPATIBLE": "1", "COLUMNS": str(width), "TERMINAL_WIDTH": str(width)}


def _shown(newsroom: Newsroom, width: int, *arguments: str, **environment: str) -> str:
    done = newsroom.newsdesk(*arguments, **_terminal(width), **environment)
    # The progress lines are drawn over one another on a terminal; only the finished ones stay.
    finished = [line for line in done.stderr.splitlines() if "✓" in line]
    return "\n".join([f"$ newsdesk {' '.join(arguments)}", *finished, done.stdout.rstrip()])


def _month(newsroom: Newsroom) -> str:
    """Printed here, by the clock of the replay."""
    copy, (report, manifest, examples) = replayed(newsroom, **MONTH)
    monitoring = load_pipeline_config(copy.settings.config_dir).monitoring
    with patch.dict(os.environ, _terminal(NARROW)), redirect_stdout(StringIO()) as shown:
        print_tables(report, manifest, monitoring, examples)
    return f"$ newsdesk monitor --examples\n{shown.getvalue().rstrip()}"


def _picture(file: Path, shown: str, width: int) -> None:
    title = shown.partition("\n")[0].removeprefix("$ ")
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=width, file=nowhere)
        console.print(Text.from_ansi(shown))
    console.save_svg(str(file), title="newsdesk", code_format=FORMAT.replace("TITLE", title))
