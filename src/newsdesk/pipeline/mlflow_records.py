"""The records of a training for MLflow."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from newsdesk.articles.dataset import Dataset
from newsdesk.config.model_config import ModelConfig
from newsdesk.model.bundle import Bundle
from newsdesk.registry.metric_names import category_metric
from newsdesk.registry.run_record import RunRecord
from newsdesk.training.candidate import Candidate
from newsdesk.training.evaluation import Evaluation
from newsdesk.training.fit import FittedClassifier


@contextmanager
def candidate_record(candidate: Candidate, dataset: Dataset) -> Iterator[RunRecord]:
    """The record of a candidate; its files exist within the `with` block."""
    size = {} if candidate.size_bytes is None else {"size_bytes": float(candidate.size_bytes)}
    with TemporaryDirectory() as scratch:
        yield RunRecord(
            name=candidate.name,
            parameters={"model_type": candidate.model_type} | candidate.parameters,
            metrics=_metrics("validation", candidate.validation)
            | _metrics("test", candidate.test)
            | {"fit_seconds": candidate.fit_seconds, "predict_ms": candidate.predict_ms}
            | size,
            tags={
                "dataset_version": dataset.version,
                "converged": str(candidate.converged),
                "servable": str(candidate.bundle is not None),
            },
            files=_evaluation_files(candidate.validation, "validation", Path(scratch)),
        )


@contextmanager
def winner_record(
    winner: FittedClassifier, test: Evaluation, bundle: Bundle, config: ModelConfig
) -> Iterator[RunRecord]:
    """The record of the winner; its files exist within the `with` block."""
    settings = {
        "model_name": winner.name,
        "model_type": winner.model_type,
        **_calibration(bundle),
        **{f"tfidf.{key}": value for key, value in config.feature_extraction.tfidf.model_dump().items()},
        **{f"text_cleaning.{key}": value for key, value in config.preprocessing.text_cleaning.model_dump().items()},
    }
    with TemporaryDirectory() as scratch:
        yield RunRecord(
            name=winner.name,
            parameters=settings,
            metrics=_metrics("test", test)
            | {"test_ece": bundle.manifest.metrics["ece"], "fit_seconds": winner.fit_seconds},
            tags={"bundle_digest": bundle.digest},
            files=_evaluation_files(test, "test", Path(scratch)),
        )


def _calibration(bundle: Bundle) -> dict[str, float]:
    calibration = bundle.manifest.calibration
    figures = {} if calibration is None else calibration.model_dump(exclude={"prior"})
    return {f"calibration.{name}": value for name, value in figures.items()}


def _metrics(split: str, evaluation: Evaluation) -> dict[str, float]:
    figures = {f"{split}_{name}": value for name, value in evaluation.metrics().items()}
    figures[f"{split}_baseline_accuracy"] = evaluation.baseline.accuracy
    figures[f"{split}_dead_categories"] = float(len(evaluation.dead_categories))
    for category, scores in evaluation.per_class.items():
        for name in ("precision", "recall", "f1"):
            figures[category_metric(f"{split}_{name}", category)] = getattr(scores, name)
    return figures


def _evaluation_files(evaluation: Evaluation, split: str, folder: Path) -> tuple[Path, ...]:
    from newsdesk.training.plots import save_confusion_matrix  # matplotlib: whoever fits one candidate draws nothing

    plot, table = folder / f"confusion_matrix_{split}.png", folder / f"per_class_{split}.json"
    save_confusion_matrix(evaluation, f"Confusion matrix, {split} set, accuracy {evaluation.accuracy:.3f}", plot)
    table.write_text(
        json.dumps({name: asdict(scores) for name, scores in evaluation.per_class.items()}, indent=2), encoding="utf-8"
    )
    return plot, table
