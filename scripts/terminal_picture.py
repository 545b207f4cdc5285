"""Run `newsdesk run --no-serve` and draw what a terminal shows as docs/images/run.svg."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "run.svg"
WIDTH = 100
# rich's own format without its web fonts, so that the picture needs no other host.
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>newsdesk run --no-serve</title>
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


def main() -> None:
    with TemporaryDirectory() as home:
        environment = os.environ | {
            "NEWSDESK_HOME": home,
            "FORCE_COLOR": "1",
            "COLUMNS": str(WIDTH),
            "TTY_COMPATIBLE": "1",
        }
        command = [sys.executable, "-m", "newsdesk", "run", "--no-serve"]
        # The progress lines are drawn over one another on a terminal; only the finished ones stay.
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    plain_progress = [line for line in done.stderr.splitlines() if "✓" in line]
    shown = "\n".join(["$ newsdesk run --no-serve", *plain_progress, done.stdout.rstrip()])
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere)
        console.print(Text.from_ansi(shown))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    console.save_svg(str(PICTURE), title="newsdesk", code_format=FORMAT)


main()
