"""Whether the parts of a bundle fit each other, so that answering from it always ends and never fails."""

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from newsdesk.errors import BundleError
from newsdesk.model.calibration import LARGEST_SLOPE
from newsdesk.model.reference_profile import MOST_SAMPLED, MOST_WATCHED, REFERENCE_SAMPLE, WATCHED_TERMS

if TYPE_CHECKING:  # the bundle's own module checks what it reads from disk
    from newsdesk.model.bundle import Bundle, Link, MlpSpec

_NODES = ("left", "right", "feature", "threshold")
_ROUNDING = 1e-6
_LARGEST_IDF = 1e100
_LARGEST_SCORE = 1e307 / (4 * LARGEST_SLOPE)  # multiplied by any slope, the difference of two is a number still


def check_parts(bundle: "Bundle") -> None:
    """Check sizes, types and references, whoever made the bundle. Raises `BundleError`."""
    manifest = bundle.manifest
    if len(set(manifest.classes)) < len(manifest.classes):
        _refuse(bundle, "a class is named twice")
    _check_vocabulary(bundle)
    _check_tensor(bundle, "idf", (manifest.feature_count,))
    idf = _tensor(bundle, "idf")
    if not ((idf >= 1 / _LARGEST_IDF) & (idf <= _LARGEST_IDF)).all():
        _refuse(bundle, "'idf' holds a number that no text collection has")
    _check_calibration(bundle)
    if manifest.classifier.kind == "linear":
        outputs = _output_count(bundle, manifest.classifier.link)
        _check_tensor(bundle, "weights", (manifest.feature_count, outputs))
        _check_tensor(bundle, "intercepts", (outputs,))
        _check_scores(bundle, ("weights", "intercepts"))
    elif manifest.classifier.kind == "mlp":
        _check_mlp(bundle, manifest.classifier)
    else:
        _check_forest(bundle)
    if manifest.profile is not None:
        if manifest.format_version < 5 and manifest.profile.language_detector is not None:
            _refuse(bundle, f"format {manifest.format_version} has no language_detector")
        _check_profile(bundle)


def _check_calibration(bundle: "Bundle") -> None:
    manifest = bundle.manifest
    calibration, classes = manifest.calibration, len(manifest.classes)
    if manifest.format_version > 3 and manifest.temperature != 1:
        _refuse(bundle, f"format {manifest.format_version} has no temperature")
    if calibration is None:
        return
    if manifest.format_version == 3:
        _refuse(bundle, "format 3 has no calibration but a temperature")
    if len(calibration.prior) != classes:
        _refuse(bundle, f"prior shares of {len(calibration.prior)} classes, not {classes}")
    if abs(sum(calibration.prior) - 1) > _ROUNDING:
        _refuse(bundle, "its prior shares are not shares of one")


def _check_vocabulary(bundle: "Bundle") -> None:
    terms, (shortest, longest) = bundle.vocabulary.terms, bundle.manifest.tfidf.ngram_range
    if len(terms) != bundle.manifest.feature_count:
        _refuse(bundle, f"{len(terms)} terms for {bundle.manifest.feature_count} features")
    if len(set(terms)) < len(terms):
        _refuse(bundle, "a term is there twice")
    if not all(shortest <= term.count(" ") + 1 <= longest for term in terms):
        _refuse(bundle, f"a term is not of {shortest} to {longest} words")
    known = {word for term in terms for word in term.split(" ")}
    for word in bundle.vocabulary.forms.values():
        if word is not None and word not in known:
            raise BundleError(f"The bundle {bundle.digest} lacks {word!r}. Fetch it again, or train anew.")


def _check_mlp(bundle: "Bundle", spec: "MlpSpec") -> None:
    if spec.layers > len(bundle.tensors):
        _refuse(bundle, f"{spec.layers} layers in {len(bundle.tensors)} tensors")
    inputs = bundle.manifest.feature_count
    for i in range(spec.layers):
        weights = _tensor(bundle, f"weights_{i}")
        outputs = weights.shape[-1] if i < spec.layers - 1 and weights.ndim else _output_count(bundle, spec.link)
        _check_tensor(bundle, f"weights_{i}", (inputs, outputs))
        _check_tensor(bundle, f"intercepts_{i}", (outputs,))
        inputs = outputs
    _check_scores(bundle, *((f"weights_{i}", f"intercepts_{i}") for i in range(spec.layers)))


def _check_scores(bundle: "Bundle", *layers: tuple[str, str]) -> None:
    """No text, whose features have the length 1, can make a score overflow: an upper bound of all outputs is finite.

    None of the activations gives back more than it was given, or than 1.
    """
    bound: NDArray[Any] | None = None
    with np.errstate(over="ignore", invalid="ignore"):
        for weights, intercepts in (
            (np.abs(_tensor(bundle, name), dtype=np.float64) for name in layer) for layer in layers
        ):
            reached = np.sqrt(np.square(weights).sum(axis=0)) if bound is None else np.maximum(bound, 1) @ weights
            bound = reached + intercepts
    if bound is None or not (bound <= _LARGEST_SCORE).all():
        _refuse(bundle, "a score may become larger than any number")


def _check_forest(bundle: "Bundle") -> None:
    roots, nodes = _tensor(bundle, "roots"), len(_tensor(bundle, "threshold").ravel())
    _check_tensor(bundle, "roots", (roots.size,), is_integer=True)
    for name in _NODES:
        _check_tensor(bundle, name, (nodes,), is_integer=name != "threshold")
    _check_tensor(bundle, "distribution", (nodes, len(bundle.manifest.classes)))
    left, right, feature, distribution = (
        _tensor(bundle, name) for name in ("left", "right", "feature", "distribution")
    )
    if not roots.size or not _in_range(roots, nodes) or not _in_range(feature, bundle.manifest.feature_count):
        _refuse(bundle, "a root or a feature of the forest is not there")
    indices = np.arange(nodes)
    is_leaf = (left == indices) & (right == indices)
    # A way down that only ever leads to later nodes comes to an end.
    if not (
        _in_range(left, nodes) and _in_range(right, nodes) and (is_leaf | ((left > indices) & (right > indices))).all()
    ):
        _refuse(bundle, "a branch of the forest leads nowhere")
    if (distribution < 0).any() or (np.abs(distribution.sum(axis=1) - 1) > _ROUNDING).any():
        _refuse(bundle, "the shares in a leaf of the forest are not shares of one")


def _check_profile(bundle: "Bundle") -> None:
    watched, sample = _tensor(bundle, WATCHED_TERMS), _tensor(bundle, REFERENCE_SAMPLE)
    _check_tensor(bundle, WATCHED_TERMS, (watched.size,), is_integer=True)
    if watched.size > MOST_WATCHED or not _in_range(watched, bundle.manifest.feature_count):
        _refuse(bundle, "it watches terms that are not there, or too many")
    if (np.diff(watched) <= 0).any():
        _refuse(bundle, "the terms that it watches are not in order")
    if sample.dtype != np.uint8 or sample.ndim != 2 or sample.shape[1] != (watched.size + 7) // 8:
        _refuse(bundle, "its reference sample does not fit the terms that it watches")
    if not 0 < sample.shape[0] <= MOST_SAMPLED:
        _refuse(bundle, "its reference sample is empty or too large")


def _output_count(bundle: "Bundle", link: "Link") -> int:
    """How many scores the link turns into probabilities."""
    classes = len(bundle.manifest.classes)
    if link != "sigmoid":
        return classes
    if classes != 2:
        _refuse(bundle, f"one score for {classes} classes")
    return 1


def _check_tensor(bundle: "Bundle", name: str, shape: tuple[int, ...], *, is_integer: bool = False) -> None:
    tensor = _tensor(bundle, name)
    if tensor.shape != shape:
        _refuse(bundle, f"'{name}' has the shape {tensor.shape}, not {shape}")
    if tensor.dtype not in ((np.int32, np.int64) if is_integer else (np.float32, np.float64)):
        _refuse(bundle, f"'{name}' holds numbers of the type {tensor.dtype}")
    if not np.isfinite(tensor).all():
        _refuse(bundle, f"'{name}' holds a number that is not finite")


def _tensor(bundle: "Bundle", name: str) -> NDArray[Any]:
    if name not in bundle.tensors:
        raise BundleError(f"The bundle {bundle.digest} lacks '{name}'. Fetch it again, or train anew.")
    return bundle.tensors[name]


def _in_range(numbers: NDArray[Any], end: int) -> bool:
    return bool(((numbers >= 0) & (numbers < end)).all())


def _refuse(bundle: "Bundle", reason: str) -> NoReturn:
    raise BundleError(f"The bundle {bundle.digest} does not fit together: {reason}. Train anew.")
