from pathlib import Path
from shutil import rmtree

import pytest

from newsdesk.errors import BundleError, RegistryError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import save_bundle, seal
from newsdesk.monitoring.exporter.registry_source import RegistrySource
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from newsdesk.registry.version import MODEL
from tests.builders import settings_in
from tests.unit.monitoring.exporter.exposed import exposed
from tests.unit.registry.shelf import Shelf


def point_at(bundle: Bundle, bundles: Path, version: str = "7") -> None:
    name = bundle_folder_name(bundle.digest)
    save_bundle(bundle, bundles / name)
    write_champion_pointer(bundles, ChampionPointer(version=version, digest=bundle.digest, bundle=name))


def alias(shelf: Shelf, name: str, number: str) -> None:
    shelf.client.set_registered_model_alias(MODEL, name, number)


def test_before_anything_was_promoted_there_is_nothing_to_tell(tmp_path: Path) -> None:
    models = RegistrySource(settings_in(tmp_path))
    assert models.read() == []
    assert models.champion() is None


def test_the_champion_is_the_registrys_and_is_known_once_it_was_read(shelf: Shelf, first: Bundle) -> None:
    alias(shelf, "champion", shelf.put(first))
    models = RegistrySource(shelf.settings)
    assert models.champion() is None
    assert exposed(models.read()) == {("model_accuracy", "test"): 0.9}
    champion = models.champion()
    assert champion
    assert (champion.version, champion.digest) == ("1", first.digest)


def test_the_pointer_on_this_disk_tells_who_is_in_charge_where_the_registry_does_not(
    tmp_path: Path, first: Bundle
) -> None:
    settings = settings_in(tmp_path)
    point_at(first, settings.bundles)
    models = RegistrySource(settings)
    champion = models.champion()
    assert champion
    assert (champion.version, champion.digest) == ("7", first.digest)
    assert exposed(models.read()) == {("model_accuracy", "test"): 0.9}


def test_how_far_important_terms_changed_is_told_of_the_champion_and_the_one_before(
    shelf: Shelf, first: Bundle, second: Bundle
) -> None:
    alias(shelf, "previous", shelf.put(first))
    alias(shelf, "champion", shelf.put(second))
    values = exposed(RegistrySource(shelf.settings).read())
    changes = {key[1]: value for key, value in values.items() if key[0] == "model_importance_change_ratio"}
    assert list(changes) == second.manifest.classes
    assert all(0 <= share <= 1 for share in changes.values())
    assert any(changes.values())


def test_a_rollback_is_followed_and_what_was_read_is_not_read_again(
    shelf: Shelf, first: Bundle, second: Bundle
) -> None:
    alias(shelf, "previous", shelf.put(first))
    alias(shelf, "champion", shelf.put(second))
    models = RegistrySource(shelf.settings)
    models.read()
    rmtree(shelf.settings.bundles)
    rmtree(shelf.artifacts("1"))
    rmtree(shelf.artifacts("2"))
    alias(shelf, "champion", "1")
    alias(shelf, "previous", "2")
    assert models.read()
    champion = models.champion()
    assert champion
    assert champion.digest == first.digest


def test_f1_of_categories_is_told_where_the_bundle_says_it(shelf: Shelf, first: Bundle) -> None:
    metrics = {"accuracy": 0.8, "f1_macro": 0.7, "f1/sports": 0.75}
    bundle = seal(first.manifest.model_copy(update={"metrics": metrics}), first.vocabulary, first.tensors)
    alias(shelf, "champion", shelf.put(bundle))
    assert exposed(RegistrySource(shelf.settings).read()) == {
        ("model_accuracy", "test"): 0.8,
        ("model_class_f1", "sports", "test"): 0.75,
    }


def test_a_damaged_champion_is_an_error_when_read_and_nobody_when_asked_for(tmp_path: Path, first: Bundle) -> None:
    settings = settings_in(tmp_path, MLFLOW_TRACKING_URI="postgresql://127.0.0.1:1/nothing")
    point_at(first, settings.bundles)
    (settings.bundles / bundle_folder_name(first.digest) / "weights.safetensors").write_bytes(b"damaged")
    models = RegistrySource(settings)
    assert models.champion() is None
    with pytest.raises(BundleError):
        models.read()


def test_a_registry_that_is_away_is_an_error_and_the_champion_stays_known(tmp_path: Path, first: Bundle) -> None:
    settings = settings_in(tmp_path, MLFLOW_TRACKING_URI="http://127.0.0.1:1")
    point_at(first, settings.bundles)
    models = RegistrySource(settings)
    with pytest.raises(RegistryError, match="does not answer"):
        models.read()
    assert models.champion() is not None
