"""The files of a registered version: the bundle, which servers fetch, and what lets MLflow answer from it."""

from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.models.model import MLMODEL_FILE_NAME
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Map

from newsdesk.articles.column_mapping import KNOWN_NAMES
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import save_bundle
from newsdesk.registry.pyfunc_code import copy_code
from newsdesk.registry.pyfunc_model import OUTPUT, UNNAMED
from newsdesk.registry.version import BUNDLE
from newsdesk.training.persistence import save_pipeline

PIPELINE = "pipeline.skops"
_LOADER = "newsdesk.registry.pyfunc_model"
_IMPORTED = ("mlflow", "numpy", "pandas", "pydantic", "regex", "safetensors")  # by what `copy_code` copies
_EXAMPLE = pd.DataFrame({"text": ["Stock market hits record high", "Striker scores twice as champions win cup final"]})


def write_files(bundle: Bundle, pipeline: Any, folder: Path) -> None:
    """Write an MLflow model of flavor `python_function` into `folder`, which must not be there yet.

    The scikit-learn pipeline lies beside it for those who want to look into it: it takes cleaned texts, and no flavor
    names it, lest MLflow hand it raw ones. Nothing is pickled.
    """
    with TemporaryDirectory() as scratch:
        loader = copy_code(_LOADER, Path(scratch))
        mlflow.pyfunc.save_model(
            folder,
            loader_module=loader,
            code_paths=[str(Path(scratch) / loader.partition(".")[0])],
            signature=_signature(),
            input_example=_EXAMPLE,
            pip_requirements=[f"{name}=={installed(name)}" for name in _IMPORTED],
            model_config={OUTPUT: "prediction"},
        )
    save_bundle(bundle, folder / BUNDLE)
    save_pipeline(pipeline, folder / PIPELINE)
    description = Model.load(folder)
    description.flavors[mlflow.pyfunc.FLAVOR_NAME]["data"] = BUNDLE  # `data_path` would have it copied elsewhere
    description.model_size_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    description.save(folder / MLMODEL_FILE_NAME)


def _signature() -> ModelSignature:
    """One column of raw texts under any name that tables for training may have, or none; or title and text."""
    names: tuple[Any, ...] = (UNNAMED, *KNOWN_NAMES["text"], *KNOWN_NAMES["title"])
    return ModelSignature(
        inputs=Schema([ColSpec(DataType.string, name, required=False) for name in names]),
        outputs=Schema(
            [
                ColSpec(DataType.string, "category"),
                ColSpec(DataType.double, "confidence"),
                ColSpec(Map(DataType.double), "probabilities"),
            ]
        ),
        params=ParamSchema([ParamSpec(OUTPUT, DataType.string, None)]),
    )
