from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from newsdesk.errors import TrainingError
from newsdesk.training.candidate import Candidate
from newsdesk.training.evaluation import evaluate
from newsdesk.training.persistence import load_candidate, load_pipeline, save_candidate, save_pipeline
from tests.builders import fitted_bundle, sample_texts

FIGURES = evaluate(list("aabbc"), list("aabcc"))


@pytest.mark.parametrize("servable", [True, False])
def test_a_candidate_comes_back_as_it_was(tmp_path: Path, servable: bool) -> None:
    bundle = fitted_bundle(MultinomialNB(), per_category=10) if servable else None
    kept = Candidate("nb", "MultinomialNB", {"alpha": 1.0}, {"alpha": 1.0}, 0.1, True, bundle, FIGURES, FIGURES, 0.2)
    save_candidate(kept, tmp_path / "nb")
    read = load_candidate(tmp_path / "nb")
    assert (read.name, read.hyperparameters, read.predict_ms) == (kept.name, kept.hyperparameters, kept.predict_ms)
    assert read.validation.metrics() == FIGURES.metrics()
    assert np.array_equal(read.validation.confusion, FIGURES.confusion)
    assert (read.bundle and read.bundle.digest) == (bundle and bundle.digest)
    assert read.size_bytes == kept.size_bytes


def test_a_folder_that_holds_no_candidate_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no candidate"):
        load_candidate(tmp_path)


def test_a_pipeline_answers_after_it_was_kept_as_before(tmp_path: Path) -> None:
    _, categories = sample_texts(4)
    counts = np.eye(len(categories))
    pipeline = make_pipeline(MultinomialNB()).fit(counts, categories)
    save_pipeline(pipeline, tmp_path / "pipeline.skops")
    assert (load_pipeline(tmp_path / "pipeline.skops").predict(counts) == pipeline.predict(counts)).all()


def test_a_pipeline_with_a_type_that_is_not_expected_is_not_loaded(tmp_path: Path) -> None:
    skops.io.dump(make_pipeline(FunctionTransformer(func=np.savetxt)), tmp_path / "pipeline.skops")
    with pytest.raises(TrainingError, match="cannot be read"):
        load_pipeline(tmp_path / "pipeline.skops")
