"""Following the champion of a real embedded registry: whatever it holds, the model that answers goes on answering."""

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from newsdesk.errors import BundleError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import MANIFEST, VOCABULARY, WEIGHTS, save_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.pipeline.external_promotions import OUTSIDE
from newsdesk.pipeline.promoter import Promoter
from newsdesk.registry.champion_pointer import (
    ChampionPointer,
    bundle_folder_name,
    read_champion_pointer,
    write_champion_pointer,
)
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.version import MODEL
from newsdesk.serving.alias_watcher import AliasWatcher
from newsdesk.serving.external_promotions import record_external_promotion_once
from newsdesk.serving.model_loader import LoadedModel, ModelLoader, ModelReference
from newsdesk.serving.model_pool import ModelPool
from newsdesk.store.connection import StoreConnection
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from tests.unit.registry.shelf import Shelf


@dataclass
class Watch:
    """A follower of the registry on a shelf, and what it did."""

    shelf: Shelf
    served: LoadedModel | None
    with_challenger: bool = False
    cache_size: int = 5
    swapped: list[str] = field(default_factory=list)
    metrics: ApiMetrics = field(default_factory=ApiMetrics)

    def __post_init__(self) -> None:
        self.models = ModelPool(self.served, self.cache_size, 0.05)
        self.follower = AliasWatcher(
            ModelLoader(self.shelf.settings),
            self.models,
            self.metrics,
            interval=0.01,
            with_challenger=self.with_challenger,
            on_swap=lambda served: self.swapped.append(served.version),
        )

    def look(self) -> str | None:
        """Look once; the problem that is left."""
        asyncio.run(self.follower.poll())
        return self.follower.problem.message if self.follower.problem else None

    @property
    def in_charge(self) -> str | None:
        return self.models.champion.version if self.models.champion else None

    def count(self, result: str) -> float:
        return self.metrics.registry.get_sample_value("model_swaps_total", {"result": result}) or 0


def name(shelf: Shelf, alias: str, version: str) -> None:
    shelf.client.set_registered_model_alias(MODEL, alias, version)


@pytest.fixture
def watch(shelf: Shelf, first: Bundle, second: Bundle) -> Watch:
    """Versions 1 and 2 are registered; 1 answers and is the champion."""
    shelf.put(first)
    shelf.put(second)
    name(shelf, "champion", "1")
    return Watch(shelf, LoadedModel(Predictor(first), "1"))


def test_nothing_happens_while_the_same_version_is_in_charge(watch: Watch) -> None:
    before = watch.models.champion
    assert watch.look() is None
    assert watch.models.champion is before
    assert watch.swapped == []


def test_a_new_champion_answers_after_one_look(watch: Watch, second: Bundle) -> None:
    name(watch.shelf, "champion", "2")
    assert watch.look() is None
    assert watch.in_charge == "2"
    assert watch.models.champion
    assert watch.models.champion.digest == second.digest
    assert (watch.swapped, watch.count("swapped")) == (["2"], 1)
    watch.look()
    assert watch.count("swapped") == 1


def test_there_and_back_again_loads_nothing_anew(watch: Watch) -> None:
    one = watch.models.champion
    for version in ("2", "1", "2"):
        name(watch.shelf, "champion", version)
        watch.look()
        shutil.rmtree(watch.shelf.bundle("2"), ignore_errors=True)
        shutil.rmtree(watch.shelf.settings.bundles, ignore_errors=True)
    assert watch.swapped == ["2", "1", "2"]
    assert watch.models.previous is one


def test_a_server_without_a_model_takes_the_first_one_that_is_promoted(shelf: Shelf, first: Bundle) -> None:
    watch = Watch(shelf, None)
    assert watch.look() is None
    assert watch.in_charge is None
    name(shelf, "champion", shelf.put(first))
    assert watch.look() is None
    assert watch.in_charge == "1"


def flip_a_byte(shelf: Shelf, number: str) -> None:
    file = shelf.bundle(number) / WEIGHTS
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def damage_the_manifest(shelf: Shelf, number: str) -> None:
    (shelf.bundle(number) / MANIFEST).write_text("{}")


def swap_the_bundle(shelf: Shelf, number: str) -> None:
    shutil.rmtree(shelf.bundle(number))
    shutil.copytree(shelf.bundle("1"), shelf.bundle(number))


def empty_the_vocabulary(shelf: Shelf, number: str) -> None:
    (shelf.bundle(number) / VOCABULARY).write_bytes(b"")


@pytest.mark.parametrize("damage", [flip_a_byte, damage_the_manifest, swap_the_bundle, empty_the_vocabulary])
def test_a_bad_bundle_is_refused_once_and_the_model_before_goes_on(
    damage: Callable[[Shelf, str], None], watch: Watch
) -> None:
    damage(watch.shelf, "2")
    name(watch.shelf, "champion", "2")
    for _ in range(3):
        problem = watch.look()
        assert problem is not None
        assert "Version 2 does not take over" in problem
    assert watch.in_charge == "1"
    assert (watch.count("refused"), watch.count("swapped")) == (1, 0)


def test_when_the_alias_moves_on_all_is_well_again(watch: Watch, second: Bundle) -> None:
    flip_a_byte(watch.shelf, "2")
    name(watch.shelf, "champion", "2")
    assert watch.look()
    name(watch.shelf, "champion", watch.shelf.put(second))
    assert watch.look() is None
    assert watch.in_charge == "3"


def test_when_the_alias_goes_back_all_is_well_again(watch: Watch) -> None:
    flip_a_byte(watch.shelf, "2")
    name(watch.shelf, "champion", "2")
    assert watch.look()
    name(watch.shelf, "champion", "1")
    assert watch.look() is None
    assert watch.in_charge == "1"


def test_files_that_are_away_are_asked_for_again_at_every_look(watch: Watch) -> None:
    elsewhere = watch.shelf.artifacts("2").rename(watch.shelf.settings.home / "elsewhere")
    name(watch.shelf, "champion", "2")
    assert watch.look()
    assert watch.look()
    assert (watch.in_charge, watch.count("failed")) == ("1", 2)
    elsewhere.rename(watch.shelf.artifacts("2"))
    assert watch.look() is None
    assert watch.in_charge == "2"


def test_a_registry_that_is_away_is_a_problem_until_it_is_back(watch: Watch) -> None:
    name(watch.shelf, "champion", "2")
    good = watch.shelf.database.read_bytes()
    watch.shelf.database.write_bytes(b"no database" * 1000)
    problem = watch.look()
    assert problem is not None
    assert "cannot be read" in problem
    assert watch.in_charge == "1"
    watch.shelf.database.write_bytes(good)
    assert watch.look() is None
    assert watch.in_charge == "2"


def test_after_the_registry_was_away_a_refused_version_is_the_problem_again(watch: Watch) -> None:
    flip_a_byte(watch.shelf, "2")
    name(watch.shelf, "champion", "2")
    refused = watch.look()
    good = watch.shelf.database.read_bytes()
    watch.shelf.database.write_bytes(b"no database" * 1000)
    assert watch.look() != refused
    watch.shelf.database.write_bytes(good)
    assert watch.look() == refused


def test_a_version_that_was_taken_back_does_not_come_back_by_itself(watch: Watch) -> None:
    name(watch.shelf, "champion", "2")
    watch.look()
    broken = watch.models.champion
    assert broken
    for _ in range(20):
        watch.models.record_failure(broken)
    assert watch.in_charge == "1"
    problem = watch.look()
    assert problem is not None
    assert "promote another" in problem
    assert watch.in_charge == "1"
    name(watch.shelf, "champion", "1")
    assert watch.look() is None


def test_the_pointer_is_followed_where_there_is_no_registry(watch: Watch, second: Bundle) -> None:
    watch.shelf.database.unlink()
    folder = bundle_folder_name(second.digest)
    save_bundle(second, watch.shelf.settings.bundles / folder)
    write_champion_pointer(
        watch.shelf.settings.bundles, ChampionPointer(version="2", digest=second.digest, bundle=folder)
    )
    assert watch.look() is None
    assert watch.in_charge == "2"


def test_who_is_in_charge_is_noted_for_a_start_without_the_registry(watch: Watch, second: Bundle) -> None:
    name(watch.shelf, "champion", "2")
    watch.look()
    pointer = read_champion_pointer(watch.shelf.settings.bundles)
    assert pointer is not None
    assert (pointer.version, pointer.digest) == ("2", second.digest)
    watch.shelf.database.write_bytes(b"no database" * 1000)
    shutil.rmtree(watch.shelf.settings.home / "artifacts")
    started = ModelLoader(watch.shelf.settings).load_at_start()
    assert (started.version, started.digest) == ("2", second.digest)


def test_a_start_with_a_bad_champion_takes_the_last_good_one(watch: Watch, second: Bundle) -> None:
    name(watch.shelf, "champion", "2")
    watch.look()
    name(watch.shelf, "champion", watch.shelf.put_resealed(second, {WEIGHTS: b"nothing"}))
    assert ModelLoader(watch.shelf.settings).load_at_start().version == "2"


def test_the_challenger_is_followed_only_where_there_is_an_experiment(watch: Watch) -> None:
    name(watch.shelf, "challenger", "2")
    watch.look()
    assert watch.models.challenger is None
    trying = Watch(watch.shelf, watch.served, with_challenger=True)
    trying.look()
    assert trying.models.challenger
    assert (trying.in_charge, trying.models.challenger.version) == ("1", "2")
    watch.shelf.client.delete_registered_model_alias(MODEL, "challenger")
    trying.look()
    assert trying.models.challenger is None


def test_a_bad_challenger_leaves_the_champion_alone(watch: Watch) -> None:
    flip_a_byte(watch.shelf, "2")
    name(watch.shelf, "challenger", "2")
    trying = Watch(watch.shelf, watch.served, with_challenger=True)
    assert trying.look()
    assert (trying.in_charge, trying.models.challenger) == ("1", None)


def test_no_more_models_are_kept_than_allowed(watch: Watch, first: Bundle) -> None:
    trying = Watch(watch.shelf, watch.served, cache_size=2)
    for _ in range(3):
        watch.shelf.put(first)

    async def load_all() -> None:
        for number in ("2", "3", "4"):
            version = watch.shelf.reader.version(number)
            await trying.follower.model(ModelReference(version.version, version.digest))

    asyncio.run(load_all())
    held = [number for number in ("1", "2", "3", "4") if at_hand(trying, number)]
    assert held == ["3", "4"]
    assert trying.in_charge == "1"


def at_hand(watch: Watch, number: str) -> bool:
    return watch.models.get(number, watch.shelf.reader.version(number).digest) is not None


def test_following_goes_on_after_any_defect(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: ModelLoader) -> None:
        raise ZeroDivisionError("an article")

    async def run_until_swapped() -> None:
        following = asyncio.create_task(watch.follower.run())
        while not watch.follower.problem:
            await asyncio.sleep(0.01)
        assert "an article" not in watch.follower.problem.message
        monkeypatch.undo()
        while watch.in_charge != "2":
            await asyncio.sleep(0.01)
        following.cancel()

    name(watch.shelf, "champion", "2")
    monkeypatch.setattr(ModelLoader, "champion", fail)
    asyncio.run(asyncio.wait_for(run_until_swapped(), 30))


def test_a_move_by_other_hands_is_told_to_the_ledger_by_the_server_that_follows_it(watch: Watch) -> None:
    settings = watch.shelf.settings
    store = open_store(settings.database)
    Promoter(settings, MlflowRegistry(settings), store, "an editor").promote("2", "better")
    connection = StoreConnection(settings.database)
    watch.follower = AliasWatcher(
        ModelLoader(settings),
        watch.models,
        watch.metrics,
        interval=0.01,
        with_challenger=False,
        on_swap=lambda _: None,
        record_promotion=lambda: record_external_promotion_once(settings, connection),
    )
    watch.look()
    assert len(entries(store)) == 1  # its own promotion is no news
    name(watch.shelf, "champion", "1")
    for _ in range(3):
        watch.look()
    moved = entries(store)[1:]
    assert [(entry.actor, entry.from_version, entry.to_version) for entry in moved] == [(OUTSIDE, "2", "1")]


def test_a_ledger_that_does_not_answer_stops_no_server(watch: Watch) -> None:
    settings = watch.shelf.settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:1/nothing"})
    connection = StoreConnection(settings.database)
    assert not record_external_promotion_once(settings, connection)
    assert not connection.is_up
    assert record_external_promotion_once(settings.model_copy(update={"prediction_log": False}), connection)


@dataclass
class SlowSource:
    """Loads slowly; counts how often, and how many models at once."""

    bundle: Bundle
    loads: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def load(self, named: ModelReference) -> LoadedModel:
        self.loads.append(named.version)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(0.05)
        self.at_once -= 1
        if named.version == "9":
            raise BundleError("It is damaged.")
        return LoadedModel(Predictor(self.bundle), named.version)


def test_a_version_that_many_ask_for_at_once_is_loaded_once(watch: Watch, first: Bundle) -> None:
    source = SlowSource(first)
    watch.follower._loader = source  # type: ignore[assignment]

    async def ask() -> None:
        named = [ModelReference(version, first.digest) for version in ("7", "8")]
        impatient = asyncio.create_task(watch.follower.model(named[0]))
        asked = [asyncio.create_task(watch.follower.model(named[number % 2])) for number in range(8)]
        await asyncio.sleep(0.01)
        impatient.cancel()
        served = await asyncio.gather(*asked)
        assert [one.version for one in served] == ["7", "8"] * 4
        assert len({id(one) for one in served}) == 2

    asyncio.run(ask())
    assert sorted(source.loads) == ["7", "8"]
    assert source.most_at_once == 1


def test_a_version_that_cannot_be_loaded_is_told_to_all_who_asked_and_tried_again_later(
    watch: Watch, first: Bundle
) -> None:
    source = SlowSource(first)
    watch.follower._loader = source  # type: ignore[assignment]

    async def ask() -> None:
        told = await asyncio.gather(
            *[watch.follower.model(ModelReference("9", first.digest)) for _ in range(3)], return_exceptions=True
        )
        assert [type(one) for one in told] == [BundleError] * 3

    for _ in range(2):
        asyncio.run(ask())
    assert source.loads == ["9", "9"]
