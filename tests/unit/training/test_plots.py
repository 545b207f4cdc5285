from pathlib import Path

import pytest
from matplotlib.image import imread

from newsdesk.training.evaluation import evaluate
from newsdesk.training.plots import save_confusion_matrix


def draw(categories: list[str], path: Path) -> Path:
    save_confusion_matrix(evaluate(categories, categories[::-1]), "Confusion matrix", path)
    return path


@pytest.mark.parametrize("number", [2, 5, 15, 16, 42])
def test_a_confusion_matrix_is_a_picture_that_grows_with_its_classes(number: int, tmp_path: Path) -> None:
    picture = imread(draw([f"class {i}" for i in range(number)], tmp_path / "picture.png"))
    height, width, _ = picture.shape
    assert picture.min() < 0.5 < picture.max()
    assert width > height >= 600
    if number == 42:
        assert height > 2000


@pytest.mark.parametrize(
    "name",
    [
        "ARTS & CULTURE",
        "a_b^c",
        "$5 shares",
        "x" * 30,
        pytest.param("x" * 80),
        "two\nlines",
        pytest.param("$ and \\q $"),
        pytest.param("$_$"),
    ],
)
def test_a_category_may_have_any_name(name: str, tmp_path: Path) -> None:
    assert draw([name, "other"], tmp_path / "picture.png").stat().st_size > 1000
