"""Bundles whose digests fit, and whose parts do not."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from newsdesk.model.bundle import Bundle, BundleManifest
from newsdesk.model.bundle_files import MANIFEST, seal
from tests.builders import fitted_bundle, sample_calibration

Forge = Callable[[Bundle], Bundle]
CLASSIFIERS: dict[str, Any] = {
    "linear": LogisticRegression(),
    "mlp": MLPClassifier((4,), tol=10, n_iter_no_change=1, random_state=1),
    "forest": DecisionTreeClassifier(max_depth=4, random_state=1),
}


@cache
def bundle(kind: str = "linear") -> Bundle:
    return fitted_bundle(CLASSIFIERS[kind], per_category=8)


def put_sealed(folder: Path, name: str, content: bytes) -> None:
    """Put `content` in place of a file, with a manifest whose digests are those of the forgery."""
    (folder / name).write_bytes(content)
    manifest = BundleManifest.model_validate_json((folder / MANIFEST).read_bytes())
    forged = manifest.model_copy(update={"files": manifest.files | {name: sha256(content).hexdigest()}})
    forged = forged.model_copy(update={"digest": forged.expected_digest()})
    (folder / MANIFEST).write_text(forged.content(), encoding="utf-8")


def with_manifest(**changes: Any) -> Forge:
    return lambda plain: seal(plain.manifest.model_copy(update=changes), plain.vocabulary, plain.tensors)


def with_terms(change: Callable[[list[str]], list[str]]) -> Forge:
    def changed(plain: Bundle) -> Bundle:
        vocabulary = plain.vocabulary.model_copy(update={"terms": change(plain.vocabulary.terms)})
        return seal(plain.manifest, vocabulary, plain.tensors)

    return changed


def with_forms(forms: dict[str, str | None]) -> Forge:
    def changed(plain: Bundle) -> Bundle:
        vocabulary = plain.vocabulary.model_copy(update={"forms": plain.vocabulary.forms | forms})
        return seal(plain.manifest, vocabulary, plain.tensors)

    return changed


def with_tensor(name: str, change: Callable[[Any], Any]) -> Forge:
    def changed(plain: Bundle) -> Bundle:
        tensors = plain.tensors | {name: np.ascontiguousarray(change(plain.tensors[name].copy()))}
        return seal(plain.manifest, plain.vocabulary, tensors)

    return changed


def without_tensor(name: str) -> Forge:
    return lambda plain: seal(
        plain.manifest, plain.vocabulary, {key: tensor for key, tensor in plain.tensors.items() if key != name}
    )


def put(place: Any, value: Any) -> Callable[[Any], Any]:
    def change(tensor: Any) -> Any:
        tensor[place] = value
        return tensor

    return change


CALIBRATION_FORGERIES: dict[str, tuple[Forge, str]] = {
    "no prior": (with_manifest(calibration=sample_calibration(prior=[])), "prior shares of 0 classes, not 5"),
    "a prior for fewer": (with_manifest(calibration=sample_calibration(4)), "prior shares of 4 classes, not 5"),
    "a prior for more": (with_manifest(calibration=sample_calibration(6)), "prior shares of 6 classes, not 5"),
    "a prior of too much": (with_manifest(calibration=sample_calibration(prior=[0.3] * 5)), "not shares of one"),
    "a prior of too little": (with_manifest(calibration=sample_calibration(prior=[0.1] * 5)), "not shares of one"),
}
LINEAR_FORGERIES: dict[str, tuple[Forge, str]] = CALIBRATION_FORGERIES | {
    "a class twice": (with_manifest(classes=["business"] * 5), "class is named twice"),
    "a class more": (with_manifest(classes=[*"abcdef"]), "'weights' has the shape"),
    "more features than terms": (with_manifest(feature_count=10**15), "terms for"),
    "another link": (
        with_manifest(classifier=bundle().manifest.classifier.model_copy(update={"link": "sigmoid"})),
        "one score for",
    ),
    "a term less": (with_terms(lambda terms: terms[:-1]), "terms for"),
    "a term twice": (with_terms(lambda terms: [*terms[:-1], terms[0]]), "term is there twice"),
    "a term of many words": (with_terms(lambda terms: [*terms[:-1], "a " * 10**5]), "not of 1 to 2 words"),
    "a form of no word": (with_forms({"x": "nosuchword"}), "lacks 'nosuchword'"),
    "no idf": (without_tensor("idf"), "lacks 'idf'"),
    "no weights": (without_tensor("weights"), "lacks 'weights'"),
    "idf for fewer": (with_tensor("idf", lambda idf: idf[:3]), "'idf' has the shape"),
    "idf in two dimensions": (with_tensor("idf", lambda idf: idf[:, np.newaxis]), "'idf' has the shape"),
    "weights on their side": (with_tensor("weights", lambda weights: weights.T), "'weights' has the shape"),
    "weights without dimension": (with_tensor("weights", lambda _: np.array(1.0)), "'weights' has the shape"),
    "no weight at all": (with_tensor("weights", lambda weights: weights[:0]), "'weights' has the shape"),
    "weights of whole numbers": (with_tensor("weights", lambda weights: weights.astype(np.int64)), "of the type int64"),
    "complex weights": (with_tensor("weights", lambda weights: weights.astype(np.complex64)), "of the type complex64"),
    "truth values": (with_tensor("weights", lambda weights: weights > 0), "of the type bool"),
    "NaN in weights": (with_tensor("weights", put((3, 1), np.nan)), "not finite"),
    "infinity in weights": (with_tensor("weights", put((3, 1), -np.inf)), "not finite"),
    "NaN in idf": (with_tensor("idf", put(0, np.nan)), "not finite"),
    "weights that overflow": (with_tensor("weights", put((3, 1), 1e200)), "larger than any number"),
    "an intercept that overflows": (with_tensor("intercepts", put(0, 1.5e308)), "larger than any number"),
    "an idf that overflows": (with_tensor("idf", put(0, 1e200)), "no text collection has"),
    "an idf of zero": (with_tensor("idf", put(0, 0.0)), "no text collection has"),
    "infinity in intercepts": (with_tensor("intercepts", put(0, np.inf)), "not finite"),
}
MLP_FORGERIES: dict[str, tuple[Forge, str]] = CALIBRATION_FORGERIES | {
    "layers without end": (
        with_manifest(classifier=bundle("mlp").manifest.classifier.model_copy(update={"layers": 10**18})),
        "layers in 5 tensors",
    ),
    "a layer more": (
        with_manifest(classifier=bundle("mlp").manifest.classifier.model_copy(update={"layers": 3})),
        "lacks 'weights_2'|'weights_1' has the shape|'intercepts_1' has the shape",
    ),
    "layers that do not meet": (with_tensor("weights_1", lambda weights: weights[:2]), "'weights_1' has the shape"),
    "a layer of no dimension": (with_tensor("weights_0", lambda _: np.array(1.0)), "'weights_0' has the shape"),
    "intercepts for fewer": (with_tensor("intercepts_0", lambda intercepts: intercepts[:1]), "'intercepts_0' has"),
    "layers that overflow together": (
        lambda plain: with_tensor("weights_1", put((0, 0), 1e200))(with_tensor("weights_0", put((0, 0), 1e150))(plain)),
        "larger than any number",
    ),
    "NaN in a layer": (with_tensor("weights_1", put((0, 0), np.nan)), "not finite"),
}
FOREST_FORGERIES: dict[str, tuple[Forge, str]] = CALIBRATION_FORGERIES | {
    "a circle": (with_tensor("left", put(1, 0)), "leads nowhere"),
    "a half circle": (with_tensor("right", put(0, 0)), "leads nowhere"),
    "a branch out of the forest": (with_tensor("left", put(0, 10**6)), "leads nowhere"),
    "a branch before the forest": (with_tensor("right", put(0, -1)), "leads nowhere"),
    "a root out of the forest": (with_tensor("roots", put(0, 10**6)), "a root or a feature"),
    "no root": (with_tensor("roots", lambda roots: roots[:0]), "a root or a feature"),
    "a feature too far": (with_tensor("feature", put(0, 10**6)), "a root or a feature"),
    "a negative feature": (with_tensor("feature", put(0, -1)), "a root or a feature"),
    "features as fractions": (
        with_tensor("feature", lambda feature: feature.astype(np.float64)),
        "of the type float64",
    ),
    "children of other trees": (with_tensor("left", lambda left: left[:-1]), "'left' has the shape"),
    "a threshold of NaN": (with_tensor("threshold", put(0, np.nan)), "not finite"),
    "thresholds in two dimensions": (
        with_tensor("threshold", lambda threshold: threshold[np.newaxis]),
        "has the shape",
    ),
    "shares above one": (with_tensor("distribution", put(-1, 2.0)), "shares of one"),
    "negative shares": (with_tensor("distribution", put((-1, slice(0, 2)), [-1.0, 2.0])), "shares of one"),
    "shares for other classes": (
        with_tensor("distribution", lambda shares: shares[:, :2]),
        "'distribution' has the shape",
    ),
}
# By the kind of classifier and what is wrong: how to forge it, and what the refusal says.
FORGERIES = {
    (kind, name): forgery
    for kind, forgeries in (("linear", LINEAR_FORGERIES), ("mlp", MLP_FORGERIES), ("forest", FOREST_FORGERIES))
    for name, forgery in forgeries.items()
}
