import re

import pytest

from newsdesk.monitoring.page.style import STYLE

LIGHT, DARK = (dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6});", block)) for block in STYLE.split("@media")[:2])


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.2."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "quiet", "first", "second", "limit", "good", "watch", "bad", "unknown"])
def test_words_and_lines_stand_out_from_what_is_behind_them(colours: dict[str, str], name: str) -> None:
    for behind in ("card", "ground"):
        assert contrast(colours[name], colours[behind]) >= 4.5  # WCAG AA


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
