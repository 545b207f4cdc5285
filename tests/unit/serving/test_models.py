"""The models in memory, and how a new one that fails is taken back."""

from functools import cache

import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.model.predictor import Predictor
from newsdesk.serving.model_source import Served
from newsdesk.serving.models import ServedModels
from tests.builders import fitted_bundle

MOST_ERRORS = 0.05


@cache
def predictor() -> Predictor:
    return Predictor(fitted_bundle(MultinomialNB(), per_category=10))


def served(version: str) -> Served:
    return Served(predictor(), version)


@pytest.fixture
def one() -> Served:
    return served("1")


@pytest.fixture
def two() -> Served:
    return served("2")


@pytest.fixture
def models(one: Served, two: Served) -> ServedModels:
    """Version 2 took over from version 1 just now."""
    models = ServedModels(one, 5, MOST_ERRORS)
    models.put_in_charge(two)
    return models


def answer(models: ServedModels, good: int = 0, bad: int = 0) -> None:
    """Answers of whoever is in charge, the good ones first."""
    for _ in range(good):
        models.succeeded()
    for _ in range(bad):
        assert models.champion
        models.failed(models.champion)


def test_who_takes_over_is_in_charge_and_the_one_before_is_remembered(
    models: ServedModels, one: Served, two: Served
) -> None:
    assert (models.champion, models.previous) == (two, one)


def test_the_one_before_stands_in_for_every_failure(models: ServedModels, one: Served, two: Served) -> None:
    assert models.failed(two) is one
    assert models.champion is two


def test_a_new_model_that_always_fails_is_taken_back(models: ServedModels, one: Served, two: Served) -> None:
    answer(models, bad=19)
    assert models.champion is two
    answer(models, bad=1)
    assert (models.champion, models.reverted) == (one, two)


@pytest.mark.parametrize(("good", "bad", "stays"), [(95, 5, True), (94, 6, False), (380, 20, True), (18, 2, False)])
def test_what_counts_is_the_share_of_errors(
    good: int, bad: int, stays: bool, models: ServedModels, two: Served
) -> None:
    answer(models, good=good, bad=bad)
    assert (models.champion is two) is stays


def test_after_its_probation_a_model_stays_and_its_failures_are_told(models: ServedModels, two: Served) -> None:
    answer(models, good=1000)
    assert [models.failed(two) for _ in range(100)] == [None] * 100
    assert models.champion is two


def test_nobody_stands_in_for_the_first_model(one: Served) -> None:
    models = ServedModels(one, 5, MOST_ERRORS)
    assert models.failed(one) is None


def test_nobody_stands_in_for_a_model_that_is_not_in_charge(models: ServedModels) -> None:
    assert models.failed(served("3")) is None


def test_a_request_that_began_on_a_model_that_was_taken_back_is_answered_by_the_champion(
    models: ServedModels, one: Served, two: Served
) -> None:
    answer(models, bad=20)
    assert models.champion is one
    assert models.failed(two) is one


def test_who_takes_over_next_begins_anew(models: ServedModels, one: Served) -> None:
    answer(models, bad=20)
    three = served("3")
    models.put_in_charge(three)
    assert (models.champion, models.previous, models.reverted) == (three, one, None)
    answer(models, bad=19)
    assert models.champion is three


@pytest.mark.parametrize("size", [1, 2, 5])
def test_only_so_many_models_are_at_hand_those_used_last(size: int, one: Served) -> None:
    models = ServedModels(one, size, MOST_ERRORS)
    for number in range(2, 9):
        models.keep(served(str(number)))
    held = [number for number in range(1, 9) if models.at_hand(str(number), one.digest)]
    assert held == list(range(9 - size, 9))


def test_a_model_that_is_used_again_stays_at_hand(one: Served) -> None:
    models = ServedModels(one, 2, MOST_ERRORS)
    models.keep(served("2"))
    models.keep(one)
    models.keep(served("3"))
    assert models.at_hand("1", one.digest) is one
    assert models.at_hand("2", one.digest) is None


def test_the_same_number_with_another_bundle_is_another_model(one: Served) -> None:
    assert ServedModels(one, 2, MOST_ERRORS).at_hand("1", "sha256:other") is None
