"""docs/architecture.md names files that exist, and its picture shows what its tables say."""

import re
from pathlib import Path

import pytest

from scripts.pictures.architecture import PAGE, draw, read_steps

ROOT = PAGE.parents[1]
PATHS = re.findall(r"`([\w./]+(?:/|\.py|\.yaml))`", PAGE.read_text(encoding="utf-8"))
STEPS = [step for steps in read_steps(PAGE.read_text(encoding="utf-8")).values() for step in steps]


@pytest.mark.parametrize("path", sorted(set(PATHS) - {"__init__.py"}))
def test_every_path_exists(path: str) -> None:
    assert (ROOT / path).exists() or (ROOT / "src" / "newsdesk" / path).exists()


def test_the_page_follows_an_article_all_the_way() -> None:
    assert len(STEPS) == 18
    assert {"Read", "Answer", "Correct", "Retrain"} <= {step.name for step in STEPS}


def test_the_picture_shows_the_steps_of_the_page(tmp_path: Path) -> None:
    draw(tmp_path)
    drawn = (tmp_path / "architecture.svg").read_text(encoding="utf-8")
    kept = (ROOT / "docs" / "images" / "architecture.svg").read_text(encoding="utf-8")
    for picture in (drawn, kept):
        words = re.sub(r"<[^>]+>", "", picture)
        assert [step for step in STEPS if step.name not in words] == []
        assert [step for step in STEPS if re.sub(r"\s", "", step.path) not in re.sub(r"\s", "", words)] == []
