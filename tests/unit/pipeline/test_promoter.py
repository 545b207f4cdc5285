import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from sklearn.naive_bayes import MultinomialNB
from sqlalchemy import Engine

from newsdesk.errors import BundleError, RegistryError
from newsdesk.model.bundle_files import WEIGHTS, load_bundle
from newsdesk.operations.doctor.finding import Finding
from newsdesk.operations.doctor.promotion import check_promotion
from newsdesk.pipeline.promoter import Promoter
from newsdesk.registry.champion_pointer import (
    ChampionPointer,
    bundle_folder_name,
    read_champion_pointer,
    write_champion_pointer,
)
from newsdesk.registry.interfaces import RegisteredVersion
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.version import MODEL, Alias
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from newsdesk.store.store_copy import copy_store
from tests.builders import fitted_bundle
from tests.unit.registry.shelf import Shelf


@dataclass(frozen=True)
class Desk:
    """Three registered versions, nobody in charge yet."""

    shelf: Shelf
    store: Engine

    def promotions(self, registry: MlflowRegistry | None = None) -> Promoter:
        registry = registry or MlflowRegistry(self.shelf.settings)
        return Promoter(self.shelf.settings, registry, self.store, "an editor")

    @property
    def aliases(self) -> dict[str, str]:
        return {alias: version.version for version in self.shelf.reader.versions() for alias in version.aliases}

    @property
    def pointed_at(self) -> str | None:
        """The version that the pointer names, whose bundle must be there and be right."""
        pointer = read_champion_pointer(self.shelf.settings.bundles)
        if pointer is None:
            return None
        assert load_bundle(self.shelf.settings.bundles / pointer.bundle).digest == pointer.digest
        assert self.shelf.reader.version(pointer.version).digest == pointer.digest
        return pointer.version

    def said(self) -> list[tuple[str, str | None, str | None]]:
        return [(entry.decision, entry.from_version, entry.to_version) for entry in entries(self.store)]


@pytest.fixture
def desk(shelf: Shelf) -> Desk:
    for alpha in (1.0, 0.5, 0.25):
        shelf.put(fitted_bundle(MultinomialNB(alpha=alpha), per_category=5))
    return Desk(shelf, open_store(shelf.settings.database))


def test_promotion_writes_the_ledger_moves_the_aliases_and_the_pointer(desk: Desk) -> None:
    desk.promotions().promote("1", "the first")
    assert (desk.aliases, desk.pointed_at) == ({"champion": "1"}, "1")
    desk.promotions().promote("3", "better")
    assert (desk.aliases, desk.pointed_at) == ({"champion": "3", "previous": "1"}, "3")
    assert desk.said() == [("promoted", None, "1"), ("promoted", "1", "3")]
    assert {entry.actor for entry in entries(desk.store)} == {"an editor"}


def test_rollback_goes_back_through_every_champion_there_was(desk: Desk) -> None:
    for number in ("1", "2", "3"):
        desk.promotions().promote(number, "better")
    for before, now in (("3", "2"), ("2", "1")):
        moved = desk.promotions().rollback("worse after all")
        assert tuple(version.version for version in moved) == (before, now)
        assert (desk.aliases["champion"], desk.pointed_at) == (now, now)
    with pytest.raises(RegistryError, match="no earlier champion"):
        desk.promotions().rollback("once more")
    assert desk.said()[3:] == [("rolled back", "3", "2"), ("rolled back", "2", "1")]


def test_a_challenger_that_is_promoted_is_challenger_no_more(desk: Desk) -> None:
    desk.promotions().promote("1", "the first")
    desk.shelf.client.set_registered_model_alias(MODEL, "challenger", "2")
    desk.promotions().promote("2", "won its trial")
    assert desk.aliases == {"champion": "2", "previous": "1"}


def test_promoting_who_is_in_charge_already_changes_nothing_and_mends_what_is_damaged(desk: Desk) -> None:
    desk.promotions().promote("1", "the first")
    bundles = desk.shelf.settings.bundles
    pointer = read_champion_pointer(bundles)
    assert pointer is not None
    (bundles / pointer.bundle / WEIGHTS).write_bytes(b"damaged")
    write_champion_pointer(bundles, ChampionPointer(version="1", digest="sha256:" + "0" * 64, bundle="0"))
    desk.promotions().promote("1", "again")
    assert desk.pointed_at == "1"
    assert desk.said() == [("promoted", None, "1")]


def test_a_version_whose_bundle_was_tampered_with_gets_as_far_as_nothing(desk: Desk) -> None:
    desk.promotions().promote("1", "the first")
    (desk.shelf.bundle("2") / WEIGHTS).write_bytes(b"tampered")
    with pytest.raises(BundleError, match="Version 2 is refused"):
        desk.promotions().promote("2", "looks better")
    assert (desk.aliases, desk.pointed_at) == ({"champion": "1"}, "1")
    assert desk.said() == [("promoted", None, "1")]


def test_a_champion_whose_bundle_is_lost_can_be_replaced(desk: Desk) -> None:
    desk.promotions().promote("1", "the first")
    shutil.rmtree(desk.shelf.settings.bundles)
    shutil.rmtree(desk.shelf.artifacts("1"))
    desk.promotions().promote("2", "the first is lost")
    assert (desk.aliases["champion"], desk.pointed_at) == ("2", "2")


class Overtaken(MlflowRegistry):
    """While this one fetches a bundle, somebody on another machine promotes version 3."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.shelf.settings)
        self._elsewhere = desk.shelf.client

    def download(self, version: RegisteredVersion, name: str) -> bytes:
        self._elsewhere.set_registered_model_alias(MODEL, "champion", "3")
        return super().download(version, name)


def test_a_champion_that_changed_since_the_decision_is_left_alone(desk: Desk) -> None:
    desk.promotions().promote("1", "the first")
    with pytest.raises(RegistryError, match=r"from version 1 to version 3\. Nothing was done"):
        desk.promotions(Overtaken(desk)).promote("2", "better than the first")
    assert desk.aliases == {"champion": "3"}
    assert desk.said() == [("promoted", None, "1")]


def test_a_rollback_that_somebody_else_made_already_is_not_made_twice(desk: Desk) -> None:
    for number in ("1", "2"):
        desk.promotions().promote(number, "better")
    shutil.rmtree(desk.shelf.settings.bundles / bundle_folder_name(desk.shelf.reader.version("1").digest))
    with pytest.raises(RegistryError, match="Nothing was done"):
        desk.promotions(Overtaken(desk)).rollback("worse")
    assert desk.aliases["champion"] == "3"
    assert len(desk.said()) == 2


def test_what_promotes_over_rest_loads_no_training_library(tmp_path: Path) -> None:
    script = """
import sys
from newsdesk.config.settings import load_settings
from newsdesk.pipeline.promoter import Promoter
from newsdesk.registry.reader import open_registry
from newsdesk.store.store_copy import copy_store
from newsdesk.store.database import open_store
settings = load_settings()
Promoter(settings, open_registry(settings), open_store(settings.database), "a server")
print(*{name.partition(".")[0] for name in sys.modules})
"""
    environment = os.environ | {"NEWSDESK_HOME": str(tmp_path), "MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert {"newsdesk", "sqlalchemy", "numpy"} <= loaded
    assert loaded & {"mlflow", "sklearn", "scipy", "nltk", "pandas", "pyarrow", "skops", "matplotlib"} == set()


def delete(desk: Desk, *numbers: str) -> None:
    """As one may in MLflow's pages: the aliases of a version go with it."""
    for number in numbers:
        desk.shelf.client.delete_model_version(MODEL, number)


def told(desk: Desk) -> list[Finding]:
    """What the doctor says of who is in charge."""
    return list(check_promotion(desk.shelf.settings))


def test_from_a_champion_that_was_deleted_a_rollback_goes_back_to_the_one_before(desk: Desk) -> None:
    for number in ("1", "2", "3"):
        desk.promotions().promote(number, "better")
    delete(desk, "3")
    (found,) = told(desk)
    assert (found.level, "newsdesk models rollback puts version 2" in found.fix) == ("problem", True)
    before, now = desk.promotions().rollback("it is gone")
    assert (before.version, now.version, desk.pointed_at) == ("3", "2", "2")
    assert desk.aliases == {"champion": "2", "previous": "1"}
    assert desk.said()[-1] == ("rolled back", "3", "2")
    assert [finding.level for finding in told(desk)] == ["ok"]
    assert desk.promotions().rollback("worse")[1].version == "1"


def test_where_the_one_before_was_deleted_too_it_goes_back_further(desk: Desk) -> None:
    for number in ("1", "2", "3"):
        desk.promotions().promote(number, "better")
    delete(desk, "2", "3")
    assert desk.promotions().rollback("both are gone")[1].version == desk.pointed_at == "1"


def test_where_there_was_none_before_it_goes_to_the_last_champion_that_is_still_there(desk: Desk) -> None:
    for number in ("1", "2"):
        desk.promotions().promote(number, "better")
    desk.promotions().rollback("worse")
    delete(desk, "1")
    assert desk.promotions().rollback("it is gone")[1].version == desk.pointed_at == "2"


def test_where_the_alias_was_taken_away_a_rollback_goes_back_from_whom_the_ledger_names(desk: Desk) -> None:
    for number in ("1", "2"):
        desk.promotions().promote(number, "better")
    desk.shelf.client.delete_registered_model_alias(MODEL, "champion")
    (found,) = told(desk)
    assert (found.level, found.fix) == ("problem", "newsdesk models promote 2 gives it back.")
    before, now = desk.promotions().rollback("worse")
    assert (before.version, now.version, desk.pointed_at) == ("2", "1", "1")
    assert desk.aliases == {"champion": "1"}


def test_whom_a_deleted_champion_replaced_is_known_after_the_next_promotion_too(desk: Desk) -> None:
    for number in ("1", "2"):
        desk.promotions().promote(number, "better")
    delete(desk, "2")
    desk.promotions().promote("3", "the second is gone")
    assert desk.aliases == {"champion": "3", "previous": "1"}
    assert desk.promotions().rollback("worse")[1].version == "1"


def test_where_all_were_deleted_the_doctor_says_so_and_nobody_is_put_in_charge(desk: Desk) -> None:
    desk.promotions().promote("1", "the first")
    delete(desk, "1", "2", "3")
    (found,) = told(desk)
    assert "deleted in MLflow" in found.message
    assert found.fix.startswith("Restore")
    with pytest.raises(RegistryError, match="no earlier champion"):
        desk.promotions().rollback("it is gone")


@pytest.mark.parametrize("before", ["champion", "previous"])
def test_a_rollback_from_a_deleted_champion_that_was_interrupted_is_finished_by_the_next(
    desk: Desk, before: str
) -> None:
    for number in ("1", "2", "3"):
        desk.promotions().promote(number, "better")
    delete(desk, "3")
    registry, moved = MlflowRegistry(desk.shelf.settings), MlflowRegistry(desk.shelf.settings).set_alias
    moves: list[str] = []

    def killed(alias: Alias, number: str | None) -> None:
        moves.append(alias)
        if alias == before and len(moves) > 1:  # the first tells that it is not at its end
            raise KeyboardInterrupt
        moved(alias, number)

    registry.set_alias = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        desk.promotions(registry).rollback("it is gone")
    assert [finding.level for finding in told(desk)] == ["problem"]
    assert desk.promotions().rollback("it is gone")[1].version == desk.pointed_at == "2"
    assert desk.aliases == {"champion": "2", "previous": "1"}
    assert [entry for entry in desk.said() if entry[0] == "rolled back"] == [("rolled back", "3", "2")]


def test_a_registry_with_versions_and_a_store_that_knows_nothing_of_them_is_a_problem_with_a_fix(desk: Desk) -> None:
    desk.promotions().promote("2", "better")
    settings = desk.shelf.settings
    moved = settings.model_copy(update={"database_url": f"sqlite:///{settings.home / 'moved.db'}"})
    for _ in range(2):  # where there is no store at all, and where it is empty
        (found,) = check_promotion(moved)
        assert found.level == "problem"
        assert "3 versions of the model, version 2 in charge, and the promotion ledger is empty" in found.message
        assert f"newsdesk store copy --from {settings.database}" in found.fix
        open_store(moved.database).dispose()
    copy_store(settings.database, moved.database)
    assert [finding.level for finding in check_promotion(moved)] == ["ok"]
