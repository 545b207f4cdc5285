"""A bundle as Newsdesk wrote it before it calibrated by evidence keeps its digest and its answers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save as save_tensors

from newsdesk.errors import BundleError
from newsdesk.model.bundle_files import MANIFEST, VOCABULARY, WEIGHTS, load_bundle, save_bundle
from newsdesk.model.predictor import Predictor

DIGEST = "sha256:3f083ed5813a96e09963dab6a860488cf57a69d3cf1f3a16dfe9209de8cd1b4e"
ALL_TERMS = [0.443639677, 0.556359354, 9.69e-7]
WRITTEN: dict[str, Any] = {
    "format_version": 3,
    "digest": DIGEST,
    "trained_at": "2026-01-02T03:04:05Z",
    "model_name": "logistic_regression",
    "model_type": "LogisticRegression",
    "classes": ["business", "sports", "technology"],
    "feature_count": 4,
    "text_cleaning": {
        "lowercase": True,
        "remove_punctuation": True,
        "remove_numbers": False,
        "remove_stopwords": True,
        "lemmatization": True,
        "min_text_length": 10,
    },
    "tfidf": {
        "max_features": 10000,
        "ngram_range": [1, 2],
        "stop_words": "english",
        "max_df": 0.95,
        "min_df": 2,
        "sublinear_tf": True,
    },
    "classifier": {"kind": "linear", "link": "softmax"},
    "temperature": 0.07,
    "metrics": {"accuracy": 0.9},
    "dataset_version": "0123456789abcdef",
    "files": {
        VOCABULARY: "6863a22df3ec9f27b3c7335eae09507d9509dff62b12dd2d62bb0bf21e6da22b",
        WEIGHTS: "22b68d4b52daaa5a322128b6a3c55b808bfb72b36a4e32d3adfb539507bf3d3a",
    },
    "golden": [
        {"text": "bank. bank share. chip. goal", "probabilities": ALL_TERMS},
        {"text": "goal. bank share. chip. bank", "probabilities": ALL_TERMS},
        {"text": "chip. bank share. bank. goal", "probabilities": ALL_TERMS},
        {"text": "\u00bf 0_0 ?", "probabilities": [0.836265204, 0.140222649, 0.023512148]},
    ],
    "profile": None,
}
WORDS = {
    "terms": ["bank", "bank share", "goal", "chip"],
    "forms": {
        "bank": "bank",
        "banks": "bank",
        "chip": "chip",
        "goal": "goal",
        "goals": "goal",
        "share": "share",
        "the": None,
    },
}
TENSORS = {
    "weights": np.array([[1.0, -0.5, -0.5], [0.5, -0.25, -0.25], [-1.0, 2.0, -1.0], [-0.5, -0.5, 1.0]]),
    "intercepts": np.array([0.125, 0.0, -0.125]),
    "idf": np.array([1.0, 2.0, 1.5, 1.25]),
}
ANSWERS = {
    "The banks share a goal": [0.0020813451976707717, 0.997918654795172, 7.157125311333788e-12],
    "Nothing known": [0.8362652035240404, 0.14022264855377278, 0.02351214792218678],
}


def written(folder: Path, **changes: Any) -> Path:
    folder.mkdir()
    (folder / MANIFEST).write_text(json.dumps(WRITTEN | changes), encoding="utf-8")
    (folder / VOCABULARY).write_text(json.dumps(WORDS, separators=(",", ":")), encoding="utf-8")
    (folder / WEIGHTS).write_bytes(save_tensors(TENSORS))
    return folder


def test_it_is_read_and_answers_as_it_always_did(tmp_path: Path) -> None:
    predictor = Predictor(load_bundle(written(tmp_path / "bundle")))
    assert predictor.bundle.digest == DIGEST
    together = predictor.predict_proba(list(ANSWERS))
    for (text, expected), row in zip(ANSWERS.items(), together, strict=True):
        assert row == pytest.approx(expected, abs=1e-15)
        assert predictor.predict(text).probabilities == pytest.approx(
            dict(zip(predictor.classes, expected, strict=True)), abs=1e-15
        )


def test_it_is_written_again_with_the_same_digest_and_nothing_new_in_it(tmp_path: Path) -> None:
    save_bundle(load_bundle(written(tmp_path / "bundle")), tmp_path / "again")
    assert load_bundle(tmp_path / "again").digest == DIGEST
    assert json.loads((tmp_path / "again" / MANIFEST).read_text(encoding="utf-8")) == WRITTEN


def test_its_temperature_is_covered_by_its_digest(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="changed after training"):
        load_bundle(written(tmp_path / "bundle", temperature=0.08))
