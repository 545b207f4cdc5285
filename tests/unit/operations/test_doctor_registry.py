"""What the doctor says of a champion that was deleted in MLflow, by a real embedded registry."""

import re

import pytest
from sqlalchemy import Engine

from newsdesk.model.bundle import Bundle
from newsdesk.operations.doctor.finding import Finding
from newsdesk.operations.doctor.registry import check_champion, check_registry, milliseconds_in_words
from newsdesk.pipeline.promoter import Promoter
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.version import MODEL
from newsdesk.store.database import open_store
from tests.unit.registry.shelf import Shelf


@pytest.fixture
def store(shelf: Shelf, first: Bundle, second: Bundle) -> Engine:
    """Versions 1 and 2 were promoted, and 2 serves."""
    store = open_store(shelf.settings.database)
    for bundle in (first, second):
        number = shelf.put(bundle)
        Promoter(shelf.settings, MlflowRegistry(shelf.settings), store, "an editor").promote(number, "better")
    return store


def problems(shelf: Shelf) -> list[Finding]:
    return [finding for finding in check_registry(shelf.settings) if finding.level == "problem"]


@pytest.mark.usefixtures("store")
def test_a_champion_that_is_registered_is_no_problem(shelf: Shelf) -> None:
    assert problems(shelf) == []


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("deleted", "told"), [(["2"], "the version was deleted"), (["1", "2"], "it has no version at all")]
)
def test_a_champion_that_was_deleted_is_told_with_what_to_do(shelf: Shelf, deleted: list[str], told: str) -> None:
    for number in deleted:
        shelf.client.delete_model_version(MODEL, number)
    (found,) = problems(shelf)
    assert found.check == "champion"
    assert "Version 2 serves from this disk alone" in found.message
    assert told in found.message
    assert "newsdesk restore" in found.fix
    assert "newsdesk run" in found.fix


@pytest.mark.usefixtures("store")
def test_a_whole_model_that_was_deleted_is_told(shelf: Shelf) -> None:
    shelf.client.delete_registered_model(MODEL)
    assert "it has no version at all" in problems(shelf)[0].message


@pytest.mark.usefixtures("store")
def test_an_alias_that_was_taken_away_is_told_with_the_command_that_gives_it_back(shelf: Shelf) -> None:
    shelf.client.delete_registered_model_alias(MODEL, "champion")
    (found,) = problems(shelf)
    assert found.fix == "newsdesk models promote 2."
    Promoter(shelf.settings, MlflowRegistry(shelf.settings), open_store(shelf.settings.database), "me").promote(
        "2", "back"
    )
    assert problems(shelf) == []


@pytest.mark.usefixtures("store")
def test_a_quick_model_takes_some_time_in_words_too(shelf: Shelf) -> None:
    (found,) = [one for one in check_champion(shelf.settings.bundles) if one.check == "performance"]
    told = re.search(r"([\d.]+) ms", found.message)
    assert told
    assert float(told[1]) > 0


@pytest.mark.parametrize(("milliseconds", "told"), [(0.0001, "0.01"), (0.042, "0.04"), (3.26, "3.3"), (41.7, "42")])
def test_a_time_is_told_in_as_many_digits_as_it_takes(milliseconds: float, told: str) -> None:
    assert milliseconds_in_words(milliseconds) == told
