"""Photographs of web pages."""

import subprocess
from pathlib import Path

from PIL import Image, ImageChops

_HEIGHT = 2600  # pixels: what is below is cut off


def photograph(address: str, picture: Path, width: int, *options: str, height: int = _HEIGHT) -> None:
    """The page at an address as PNG, without the empty ground below it. `options` are Chromium's."""
    own = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},{height}")
    command = ["chromium", *own, f"--screenshot={picture}", *options, address]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(picture) as shot:
        drawn = shot.convert("RGB")
    ground = Image.new("RGB", drawn.size, drawn.getpixel((drawn.width - 1, drawn.height - 1)))
    _, _, _, end = ImageChops.difference(drawn, ground).getbbox() or (0, 0, 0, drawn.height)
    used = drawn.crop((0, 0, drawn.width, min(drawn.height, end + 20)))  # a palette makes a third of the size
    used.quantize(96, dither=Image.Dither.NONE).save(picture, optimize=True)
