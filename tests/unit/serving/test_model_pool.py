"""The models in memory, and how a new one that fails is taken back."""

from functools import cache

import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.model.predictor import Predictor
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.model_pool import ModelPool
from tests.builders import fitted_bundle

MOST_ERRORS = 0.05


@cache
def predictor() -> Predictor:
    return Predictor(fitted_bundle(MultinomialNB(), per_category=10))


def served(version: str) -> LoadedModel:
    return LoadedModel(predictor(), version)


@pytest.fixture
def one() -> LoadedModel:
    return served("1")


@pytest.fixture
def two() -> LoadedModel:
    return served("2")


@pytest.fixture
def models(one: LoadedModel, two: LoadedModel) -> ModelPool:
    """Version 2 took over from version 1 just now."""
    models = ModelPool(one, 5, MOST_ERRORS)
    models.promote(two)
    return models


def answer(models: ModelPool, good: int = 0, bad: int = 0) -> None:
    """Answers of whoever is in charge, the good ones first."""
    for _ in range(good):
        models.record_success()
    for _ in range(bad):
        assert models.champion
        models.record_failure(models.champion)


def test_who_takes_over_is_in_charge_and_the_one_before_is_remembered(
    models: ModelPool, one: LoadedModel, two: LoadedModel
) -> None:
    assert (models.champion, models.previous) == (two, one)


def test_the_one_before_stands_in_for_every_failure(models: ModelPool, one: LoadedModel, two: LoadedModel) -> None:
    assert models.record_failure(two) is one
    assert models.champion is two


def test_a_new_model_that_always_fails_is_taken_back(models: ModelPool, one: LoadedModel, two: LoadedModel) -> None:
    answer(models, bad=19)
    assert models.champion is two
    answer(models, bad=1)
    assert (models.champion, models.reverted) == (one, two)


@pytest.mark.parametrize(("good", "bad", "stays"), [(95, 5, True), (94, 6, False), (380, 20, True), (18, 2, False)])
def test_what_counts_is_the_share_of_errors(
    good: int, bad: int, stays: bool, models: ModelPool, two: LoadedModel
) -> None:
    answer(models, good=good, bad=bad)
    assert (models.champion is two) is stays


def test_after_its_probation_a_model_stays_and_its_failures_are_told(models: ModelPool, two: LoadedModel) -> None:
    answer(models, good=1000)
    assert [models.record_failure(two) for _ in range(100)] == [None] * 100
    assert models.champion is two


def test_nobody_stands_in_for_the_first_model(one: LoadedModel) -> None:
    models = ModelPool(one, 5, MOST_ERRORS)
    assert models.record_failure(one) is None


def test_nobody_stands_in_for_a_model_that_is_not_in_charge(models: ModelPool) -> None:
    assert models.record_failure(served("3")) is None


def test_a_request_that_began_on_a_model_that_was_taken_back_is_answered_by_the_champion(
    models: ModelPool, one: LoadedModel, two: LoadedModel
) -> None:
    answer(models, bad=20)
    assert models.champion is one
    assert models.record_failure(two) is one


def test_who_takes_over_next_begins_anew(models: ModelPool, one: LoadedModel) -> None:
    answer(models, bad=20)
    three = served("3")
    models.promote(three)
    assert (models.champion, models.previous, models.reverted) == (three, one, None)
    answer(models, bad=19)
    assert models.champion is three


@pytest.mark.parametrize("size", [1, 2, 5])
def test_only_so_many_models_are_at_hand_those_used_last(size: int, one: LoadedModel) -> None:
    models = ModelPool(one, size, MOST_ERRORS)
    for number in range(2, 9):
        models.add(served(str(number)))
    held = [number for number in range(1, 9) if models.get(str(number), one.digest)]
    assert held == list(range(9 - size, 9))


def test_a_model_that_is_used_again_stays_at_hand(one: LoadedModel) -> None:
    models = ModelPool(one, 2, MOST_ERRORS)
    models.add(served("2"))
    models.add(one)
    models.add(served("3"))
    assert models.get("1", one.digest) is one
    assert models.get("2", one.digest) is None


def test_the_same_number_with_another_bundle_is_another_model(one: LoadedModel) -> None:
    assert ModelPool(one, 2, MOST_ERRORS).get("1", "sha256:other") is None
