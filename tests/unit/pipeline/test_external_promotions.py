"""Other hands move the champion's alias in a real embedded MLflow: the ledger tells of it, rollbacks stay right."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.errors import RegistryError
from newsdesk.pipeline.external_promotions import OUTSIDE, record_external_promotion
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.version import MODEL, Alias
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from tests.builders import fitted_bundle
from tests.unit.pipeline.test_promoter import Desk
from tests.unit.registry.shelf import Shelf


@pytest.fixture
def desk(shelf: Shelf) -> Desk:
    """Versions 1 and 2 were promoted one after the other; version 3 is registered."""
    for alpha in (1.0, 0.5, 0.25):
        shelf.put(fitted_bundle(MultinomialNB(alpha=alpha), per_category=5))
    desk = Desk(shelf, open_store(shelf.settings.database))
    for number in ("1", "2"):
        desk.promotions().promote(number, "better")
    return desk


def move(desk: Desk, version: str) -> None:
    """As in MLflow's own pages."""
    desk.shelf.client.set_registered_model_alias(MODEL, "champion", version)


def changes(desk: Desk) -> list[tuple[str, str, str | None, str | None]]:
    return [(entry.actor, entry.action, entry.from_version, entry.to_version) for entry in entries(desk.store)]


def test_whoever_moved_the_alias_back_leaves_nothing_to_roll_back_to(desk: Desk) -> None:
    move(desk, "1")
    for _ in range(2):
        with pytest.raises(RegistryError, match="no earlier champion"):
            desk.promotions().rollback("worse")
    assert desk.aliases == {"champion": "1"}
    assert changes(desk)[2:] == [(OUTSIDE, "rollback", "2", "1")]
    newest = entries(desk.store)[-1]
    assert (newest.decision, newest.digest) == ("moved", desk.shelf.reader.version("1").digest)


def test_whoever_moved_the_alias_to_another_version_can_be_rolled_back(desk: Desk) -> None:
    move(desk, "3")
    before, now = desk.promotions().rollback("nobody asked for it")
    assert (before.version, now.version) == ("3", "2")
    assert desk.aliases == {"champion": "2", "previous": "1"}
    assert changes(desk)[2:] == [(OUTSIDE, "promote", "2", "3"), ("an editor", "rollback", "3", "2")]


def test_a_promotion_starts_from_who_is_really_in_charge(desk: Desk) -> None:
    move(desk, "1")
    desk.promotions().promote("3", "better than the first")
    assert desk.aliases == {"champion": "3", "previous": "1"}
    assert changes(desk)[2:] == [(OUTSIDE, "rollback", "2", "1"), ("an editor", "promote", "1", "3")]


def test_a_move_is_told_once_however_many_see_it(desk: Desk) -> None:
    for number, version in enumerate(["3", "1", "2"], start=1):
        move(desk, version)
        with ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(lambda _: record_external_promotion(desk.store, desk.shelf.reader), range(16)))
        assert all(seen)
        assert len(entries(desk.store)) == 2 + number


def test_an_earlier_champion_that_was_deleted_is_passed_over(desk: Desk) -> None:
    desk.promotions().promote("3", "better")
    desk.shelf.client.delete_model_version(MODEL, "2")
    _, now = desk.promotions().rollback("worse")
    assert now.version == "1"


class Killed(MlflowRegistry):
    """Ends a command before its nth alias is moved."""

    def __init__(self, desk: Desk, before: int) -> None:
        super().__init__(desk.shelf.settings)
        self._left = before

    def set_alias(self, alias: Alias, version: str | None) -> None:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        super().set_alias(alias, version)


@pytest.mark.parametrize("before", [0, 1])
def test_a_command_that_was_killed_is_not_taken_for_other_hands(desk: Desk, before: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        desk.promotions(Killed(desk, before)).promote("3", "better")
    assert record_external_promotion(desk.store, desk.shelf.reader) is (before == 1)
    desk.promotions().promote("3", "better")
    assert desk.aliases == {"champion": "3", "previous": "2"}
    assert OUTSIDE not in {actor for actor, *_ in changes(desk)}


@pytest.mark.parametrize("before", [0, 1])
def test_a_rollback_that_was_killed_is_not_taken_for_other_hands(desk: Desk, before: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        desk.promotions(Killed(desk, before)).rollback("worse")
    record_external_promotion(desk.store, desk.shelf.reader)
    assert OUTSIDE not in {actor for actor, *_ in changes(desk)}


def test_a_ledger_that_never_told_of_a_champion_stays_empty(shelf: Shelf) -> None:
    shelf.put(fitted_bundle(MultinomialNB(), per_category=5))
    shelf.client.set_registered_model_alias(MODEL, "champion", "1")
    store = open_store(shelf.settings.database)
    assert record_external_promotion(store, shelf.reader)
    assert entries(store) == []


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_moved_by_whom_the_ledger_is_one_chain_and_previous_is_another_version(
    desk: Desk, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        version = chance.choice(["1", "2", "3"])
        match chance.choice(["move", "promote", "rollback", "see"]):
            case "move":
                move(desk, version)
            case "promote":
                desk.promotions().promote(version, "better")
            case "rollback":
                before = desk.aliases["champion"]
                with suppress(RegistryError):  # there may be nothing to go back to
                    _, now = desk.promotions().rollback("worse")
                    assert now.version == desk.aliases["champion"] != before
            case _:
                record_external_promotion(desk.store, desk.shelf.reader)
    desk.promotions().finish_interrupted()
    chain = entries(desk.store)
    assert [entry.from_version for entry in chain[1:]] == [entry.to_version for entry in chain[:-1]]
    assert chain[-1].to_version == desk.aliases["champion"] != desk.aliases.get("previous")
