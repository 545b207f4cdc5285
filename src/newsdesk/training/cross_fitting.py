"""What the winner's kind of classifier says of texts that it was not fitted on, to calibrate the winner by."""

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

_ENOUGH = 1000  # texts to fit the three numbers of a calibration on
_MOST = 5000  # that are looked at
_FOLDS = 3  # of the train set; the validation set is one more


def cross_fitted_calibration(candidate: Bundle, dataset: Dataset, config: ModelConfig, seed: int) -> Calibration:
    """The calibration for the kind of classifier of `candidate`, which was fitted on the train set, with its settings.

    It is fitted on what `candidate` says of the validation set. Where that is small, also on each third of the train
    set, as scored by a classifier that was fitted on all the rest. No story is in two parts.
    """
    training, validation = (read_examples(dataset, split) for split in ("train", "validation"))
    parts = [_scored(candidate, validation, candidate.manifest.classes, seed)]
    if len(validation) < _ENOUGH:
        stories = read_stories(dataset, "train")
        for held_out in _folds(stories, training.categories, seed):
            rest = _without(training, held_out) + validation
            bundle = _fitted(candidate, rest, dataset, config, seed)
            if bundle is not None:
                parts.append(_scored(bundle, _only(training, held_out), candidate.manifest.classes, seed))
    both = (training + validation).categories
    return fit_calibration(_joined(parts), [both.count(category) for category in candidate.manifest.classes])


def _folds(stories: Sequence[str], categories: Sequence[str], seed: int) -> list[set[int]]:
    """The places of the texts of each fold; every category is spread over the folds evenly, story by story."""
    members: dict[str, dict[str, list[int]]] = {}
    for place, (category, story) in enumerate(zip(categories, stories, strict=True)):
        members.setdefault(category, {}).setdefault(story, []).append(place)
    folds: list[set[int]] = [set() for _ in range(_FOLDS)]
    rng = np.random.default_rng(seed)
    for of_story in members.values():
        for rank, places in enumerate([list(of_story.values())[i] for i in rng.permutation(len(of_story))]):
            folds[rank % _FOLDS].update(places)
    return [fold for fold in folds if fold]


def _fitted(candidate: Bundle, examples: Examples, dataset: Dataset, config: ModelConfig, seed: int) -> Bundle | None:
    """None where so few texts have no term, not all of the classes, or give weights that no bundle can hold."""
    try:
        features = fit_features(clean_examples(examples, config), config)
    except TrainingError:
        return None
    fitted = fit_classifier(candidate.manifest.model_name, config, features, seed)
    bundle = build_bundle(fitted, build_vocabulary(features, config), config, dataset, datetime.now(UTC))
    return bundle if bundle is not None and bundle.manifest.classes == candidate.manifest.classes else None


def _scored(bundle: Bundle, examples: Examples, classes: Sequence[str], seed: int) -> ScoredTexts:
    predictor, number = Predictor(bundle), {category: i for i, category in enumerate(classes)}
    step = -(-len(examples) // _MOST)
    cut = with_excerpts(Examples(examples.texts[::step], examples.categories[::step]), seed)
    return ScoredTexts(predictor.scores(predictor.rows(cut.texts)), np.array([number[name] for name in cut.categories]))


def _joined(parts: Sequence[ScoredTexts]) -> ScoredTexts:
    intercepts = [np.broadcast_to(part.scores.intercepts, part.scores.values.shape) for part in parts]
    scores = Scores(
        np.concatenate([part.scores.values for part in parts]),
        np.concatenate(intercepts),
        np.concatenate([part.scores.evidence for part in parts]),
    )
    return ScoredTexts(scores, np.concatenate([part.truth for part in parts]))


def _only(examples: Examples, places: set[int]) -> Examples:
    return _where(examples, [i for i in range(len(examples)) if i in places])


def _without(examples: Examples, places: set[int]) -> Examples:
    return _where(examples, [i for i in range(len(examples)) if i not in places])


def _where(examples: Examples, places: Sequence[int]) -> Examples:
    return Examples([examples.texts[i] for i in places], [examples.categories[i] for i in places])
