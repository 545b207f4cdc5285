import re
from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from newsdesk.errors import BundleError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import seal
from newsdesk.model.golden_examples import add_golden_examples
from newsdesk.model.predictor import GOLDEN_TOLERANCE, Predictor
from tests.builders import fitted_bundle


@cache
def bundle() -> Bundle:
    return fitted_bundle(LogisticRegression(C=10), per_category=10)


def changed(tensor: str, change: Any) -> Bundle:
    tensors = bundle().tensors
    return seal(bundle().manifest, bundle().vocabulary, tensors | {tensor: change(tensors[tensor])})


def test_a_bundle_carries_an_example_for_each_class_and_one_of_unknown_words() -> None:
    golden = bundle().manifest.golden
    classes = bundle().manifest.classes
    assert len(golden) == len(classes) + 1
    for number, example in enumerate(golden[:-1]):
        assert int(np.argmax(example.probabilities)) == number
    empty = Predictor(bundle()).predict_proba([""])[0]
    assert golden[-1].probabilities == pytest.approx(empty, abs=1e-9)


def test_examples_are_made_of_the_vocabulary_alone() -> None:
    known = {word for term in bundle().vocabulary.terms for word in term.split(" ")}
    for example in bundle().manifest.golden[:-1]:
        assert set(re.findall(r"[^ .]+", example.text)) <= known


def test_making_the_examples_again_changes_nothing() -> None:
    assert add_golden_examples(bundle()).digest == bundle().digest
    forest = fitted_bundle(RandomForestClassifier(10, random_state=1), per_category=10)
    assert add_golden_examples(forest).digest == forest.digest


@pytest.mark.parametrize(
    ("tensor", "change"),
    [
        ("weights", lambda weights: weights[:, ::-1].copy()),
        ("weights", lambda weights: weights * 1e100),
        ("intercepts", lambda intercepts: intercepts + np.array([1e-4, 0, 0, 0, 0])),
        ("idf", lambda idf: idf[::-1].copy()),
    ],
)
def test_a_bundle_that_answers_its_examples_differently_is_refused(tensor: str, change: Any) -> None:
    with pytest.raises(BundleError, match="does not answer golden example"):
        Predictor(changed(tensor, change))


def test_a_difference_that_rounding_may_make_is_let_pass() -> None:
    Predictor(changed("intercepts", lambda intercepts: intercepts * (1 + GOLDEN_TOLERANCE / 100)))


@pytest.mark.parametrize("probabilities", [[], [1.0], [0.2] * 6])
def test_an_example_for_other_classes_is_refused(probabilities: list[float]) -> None:
    example = bundle().manifest.golden[0].model_copy(update={"probabilities": probabilities})
    manifest = bundle().manifest.model_copy(update={"golden": [example]})
    with pytest.raises(BundleError, match="golden example 1"):
        Predictor(seal(manifest, bundle().vocabulary, bundle().tensors))


def test_a_bundle_of_many_classes_keeps_its_examples_few() -> None:
    many = [f"class {i}" for i in range(50)]
    tensors = {"weights": np.eye(bundle().manifest.feature_count, 50), "intercepts": np.zeros(50)}
    manifest = bundle().manifest.model_copy(update={"classes": many, "golden": []})
    golden = add_golden_examples(seal(manifest, bundle().vocabulary, bundle().tensors | tensors)).manifest.golden
    assert 2 <= len(golden) <= 30
