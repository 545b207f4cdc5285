"""Cross-fitted scores: what the winner's kind of classifier predicts for unseen texts, to calibrate the winner."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from newsdesk.articles.dataset import Dataset, Examples, read_examples, read_stories
from newsdesk.config.model_config import ModelConfig
from newsdesk.errors import TrainingError
from newsdesk.model.bundle import Bundle
from newsdesk.model.calibration import Calibration, Scores
from newsdesk.model.predictor import Predictor
from newsdesk.training.bundle_builder import build_bundle, build_vocabulary
from newsdesk.training.calibration import ScoredTexts, fit_calibration
from newsdesk.training.fit import clean_examples, fit_classifier, fit_features
from newsdesk.training.text_excerpts import with_excerpts

_ENOUGH_TEXTS = 1000  # texts to fit the three numbers of a calibration on
_MAX_TEXTS = 5000  # that are looked at
_FOLDS = 3  # of the train set; the validation set is one more


def cross_fitted_calibration(candidate: Bundle, dataset: Dataset, config: ModelConfig, seed: int) -> Calibration:
    """The calibration for the kind of classifier of `candidate`, which was fitted on the train set, with its settings.

    It is fitted on what `candidate` says of the validation set. Where that is small, also on each third of the train
    set, as scored by a classifier that was fitted on all the rest. No story is in two parts.
    """
    training, validation = (read_examples(dataset, split) for split in ("train", "validation"))
    parts = [_score(candidate, validation, candidate.manifest.classes, seed)]
    if len(validation) < _ENOUGH_TEXTS:
        stories = read_stories(dataset, "train")
        for held_out in _folds(stories, training.categories, seed):
            rest = _exclude(training, held_out) + validation
            bundle = _fit(candidate, rest, dataset, config, seed)
            if bundle is not None:
                parts.append(_score(bundle, _select(training, held_out), candidate.manifest.classes, seed))
    categories = (training + validation).categories
    return fit_calibration(_concatenate(parts), [categories.count(category) for category in candidate.manifest.classes])


def _folds(stories: Sequence[str], categories: Sequence[str], seed: int) -> list[set[int]]:
    """The places of the texts of each fold; every category is spread over the folds evenly, story by story."""
    members: dict[str, dict[str, list[int]]] = {}
    for index, (category, story) in enumerate(zip(categories, stories, strict=True)):
        members.setdefault(category, {}).setdefault(story, []).append(index)
    folds: list[set[int]] = [set() for _ in range(_FOLDS)]
    rng = np.random.default_rng(seed)
    for by_story in members.values():
        for rank, indices in enumerate([list(by_story.values())[i] for i in rng.permutation(len(by_story))]):
            folds[rank % _FOLDS].update(indices)
    return [fold for fold in folds if fold]


def _fit(candidate: Bundle, examples: Examples, dataset: Dataset, config: ModelConfig, seed: int) -> Bundle | None:
    """None where so few texts have no term, lack a class, or give weights that no bundle can hold."""
    try:
        features = fit_features(clean_examples(examples, config), config)
    except TrainingError:
        return None
    fitted = fit_classifier(candidate.manifest.model_name, config, features, seed)
    bundle = build_bundle(fitted, build_vocabulary(features, config), config, dataset, datetime.now(UTC))
    return bundle if bundle is not None and bundle.manifest.classes == candidate.manifest.classes else None


def _score(bundle: Bundle, examples: Examples, classes: Sequence[str], seed: int) -> ScoredTexts:
    predictor, class_index = Predictor(bundle), {category: i for i, category in enumerate(classes)}
    step = -(-len(examples) // _MAX_TEXTS)
    excerpts = with_excerpts(Examples(examples.texts[::step], examples.categories[::step]), seed)
    return ScoredTexts(
        predictor.scores(predictor.rows(excerpts.texts)), np.array([class_index[name] for name in excerpts.categories])
    )


def _concatenate(parts: Sequence[ScoredTexts]) -> ScoredTexts:
    intercepts = [np.broadcast_to(part.scores.intercepts, part.scores.values.shape) for part in parts]
    scores = Scores(
        np.concatenate([part.scores.values for part in parts]),
        np.concatenate(intercepts),
        np.concatenate([part.scores.evidence for part in parts]),
    )
    return ScoredTexts(scores, np.concatenate([part.truth for part in parts]))


def _select(examples: Examples, indices: set[int]) -> Examples:
    return _take(examples, [i for i in range(len(examples)) if i in indices])


def _exclude(examples: Examples, indices: set[int]) -> Examples:
    return _take(examples, [i for i in range(len(examples)) if i not in indices])


def _take(examples: Examples, indices: Sequence[int]) -> Examples:
    return Examples([examples.texts[i] for i in indices], [examples.categories[i] for i in indices])
