"""Candidates and fitted pipelines as files, for steps in separate processes. Nothing in them is executed.

skops names every type of scikit-learn and scipy while it is imported, which takes seconds: only where it is used.
"""

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from newsdesk import atomic
from newsdesk.errors import TrainingError
from newsdesk.model.bundle_files import MANIFEST as BUNDLE
from newsdesk.model.bundle_files import load_bundle, write_bundle
from newsdesk.training.candidate import Candidate
from newsdesk.training.evaluation import ClassScores, Evaluation

CANDIDATE = "candidate.json"

# What a pipeline may hold besides the types that skops trusts itself; it refuses to load anything else.
TRUSTED_TYPES = [
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
]
_JSON_FIELDS = ("name", "model_type", "hyperparameters", "fit_seconds", "converged", "predict_ms")


def save_candidate(candidate: Candidate, folder: Path) -> None:
    """Write a candidate as a folder, whole or not at all."""
    values = {name: getattr(candidate, name) for name in _JSON_FIELDS}
    values["parameters"] = {name: _to_json(value) for name, value in candidate.parameters.items()}
    values |= {name: evaluation_to_json(getattr(candidate, name)) for name in ("validation", "test")}
    with atomic.new_folder(folder) as draft:
        if candidate.bundle is not None:
            write_bundle(candidate.bundle, draft)
        (draft / CANDIDATE).write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def load_candidate(folder: Path) -> Candidate:
    """Read what `save_candidate` wrote. Raises `TrainingError`, `BundleError`."""
    try:
        values = json.loads((folder / CANDIDATE).read_bytes())
        values |= {name: evaluation_from_json(values[name]) for name in ("validation", "test")}
        bundle = load_bundle(folder) if (folder / BUNDLE).is_file() else None
        return Candidate(bundle=bundle, **values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{folder} holds no candidate that can be read. Remove it, and train again.") from error


def save_pipeline(pipeline: Any, file: Path) -> None:
    """Write a fitted scikit-learn pipeline with skops."""
    import skops.io

    skops.io.dump(pipeline, file)


def load_pipeline(file: Path) -> Any:
    """Read it again. Raises `TrainingError` where it holds a type that is not expected."""
    import skops.io

    try:
        return skops.io.load(file, trusted=TRUSTED_TYPES)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{file} cannot be read ({type(error).__name__}). Evaluate the plan again.") from error


def evaluation_to_json(evaluation: Evaluation) -> dict[str, Any]:
    """As JSON-serialisable values."""
    return asdict(evaluation) | {"confusion": evaluation.confusion.tolist()}


def evaluation_from_json(values: dict[str, Any]) -> Evaluation:
    """Reads what `evaluation_to_json` made."""
    attributes = {field.name: values[field.name] for field in fields(Evaluation)}
    attributes["per_class"] = {name: ClassScores(**scores) for name, scores in values["per_class"].items()}
    attributes["confusion"] = np.array(values["confusion"], dtype=np.int64)
    return Evaluation(**attributes)


def _to_json(value: Any) -> Any:
    """A parameter as a JSON-serialisable value: MLflow keeps it as text anyway."""
    return value if isinstance(value, str | int | float | bool | None) else str(value)
