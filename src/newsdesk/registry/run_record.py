"""The record of a run for MLflow, without importing MLflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunRecord:
    """What one run is to be remembered by. `files` are copied into the run's artifacts.

    A metric of one category is named by `category_metric`.
    """

    name: str
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    files: tuple[Path, ...] = ()
