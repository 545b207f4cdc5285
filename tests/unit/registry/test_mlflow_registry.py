import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.errors import RegistryError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import MANIFEST, WEIGHTS
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.reader import fetch_bundle
from newsdesk.registry.tracking import Tracking
from tests.builders import bundle_of, fit_pipeline, sample_texts
from tests.unit.registry.shelf import Shelf


def test_what_is_registered_is_what_is_read_without_mlflow(shelf: Shelf) -> None:
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    pipeline = fit_pipeline(MultinomialNB(), *sample_texts(5), cleaning, tfidf)
    bundle = bundle_of(pipeline, cleaning, tfidf)
    tracking, registry = Tracking(shelf.settings), MlflowRegistry(shelf.settings)
    version = registry.register(bundle, pipeline, tracking.start("train", {}))
    assert version.digest == bundle.digest
    assert shelf.reader.versions() == registry.versions() == [version]
    for name in (MANIFEST, WEIGHTS):
        assert shelf.reader.download(version, name) == registry.download(version, name)


def test_mlflow_too_refuses_a_link_out_of_the_artifacts(shelf: Shelf, first: Bundle) -> None:
    number = shelf.put(first)
    (shelf.bundle(number) / WEIGHTS).rename(shelf.settings.home / "elsewhere")
    (shelf.bundle(number) / WEIGHTS).symlink_to(shelf.settings.home / "elsewhere")
    registry = MlflowRegistry(shelf.settings)
    with pytest.raises(RegistryError, match="not a plain file"):
        fetch_bundle(registry, registry.version(number), shelf.settings.bundles)


def test_an_alias_is_given_and_taken_away(shelf: Shelf, first: Bundle) -> None:
    number = shelf.put(first)
    registry = MlflowRegistry(shelf.settings)
    registry.set_alias("challenger", number)
    assert registry.holder("challenger") == shelf.reader.version(number)
    for _ in range(2):
        registry.set_alias("challenger", None)
        assert registry.holder("challenger") is None
