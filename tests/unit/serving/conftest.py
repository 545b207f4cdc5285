"""What the tests of the server share: two bundles, and a real embedded registry on disk."""

from pathlib import Path

import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.model.bundle import Bundle
from newsdesk.registry.mlflow_client import connect
from tests.builders import fitted_bundle, settings_in
from tests.unit.registry.shelf import Shelf, open_shelf


@pytest.fixture(scope="session")
def first() -> Bundle:
    return fitted_bundle(MultinomialNB(alpha=1.0), per_category=10)


@pytest.fixture(scope="session")
def second() -> Bundle:
    return fitted_bundle(MultinomialNB(alpha=0.5), per_category=10)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = settings_in(tmp_path_factory.mktemp("mlflow"))
    connect(settings).search_registered_models()
    return settings.home / "mlflow.db"


@pytest.fixture
def shelf(tmp_path: Path, empty_database: Path) -> Shelf:
    return open_shelf(tmp_path, empty_database)
