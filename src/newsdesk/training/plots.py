"""Plots of an evaluation."""

import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from newsdesk.training.evaluation import Evaluation

_LONGEST_NAME = 24
_ROOM_FOR_NUMBERS = 15  # with more classes, numbers in the cells cannot be read


def save_confusion_matrix(evaluation: Evaluation, title: str, path: Path) -> None:
    """Draw the confusion matrix, shaded by share of the true category, as a PNG."""
    confusion, classes = evaluation.confusion, evaluation.classes
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    size = max(5.0, 0.45 * len(classes) + 2)
    figure = Figure(figsize=(size + 1, size), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, label="share of the true category", shrink=0.8)
    names = [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in classes]
    text_options = {"parse_math": False}  # a category may hold dollar signs
    axes.set_xticks(range(len(classes)), names, rotation=60, ha="right", rotation_mode="anchor", **text_options)
    axes.set_yticks(range(len(classes)), names, **text_options)
    axes.set(title=title, xlabel="predicted", ylabel="true")
    if len(classes) <= _ROOM_FOR_NUMBERS:
        for (i, j), count in np.ndenumerate(confusion):
            axes.text(j, i, str(count), ha="center", va="center", color="white" if shares[i, j] > 0.5 else "black")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a script that the font lacks is drawn as boxes
        figure.savefig(path, dpi=120)
