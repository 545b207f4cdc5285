"""Reading, fetching, promoting and rolling back over the REST API of a real MLflow server."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.config.settings import Settings
from newsdesk.errors import BundleError, RegistryError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import MANIFEST, VOCABULARY, WEIGHTS
from newsdesk.pipeline.promoter import Promoter
from newsdesk.registry.bundle_fetch import fetch_bundle
from newsdesk.registry.champion_pointer import read_champion_pointer
from newsdesk.registry.mlflow_api import MlflowApi, NotFoundError
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.rest_registry import RestRegistry
from newsdesk.registry.tracking import Tracking
from newsdesk.registry.version import MODEL, Alias
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries
from tests.builders import bundle_of, fit_pipeline, sample_texts, settings_in
from tests.stack.servers import free_port, mlflow_server

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class Desk:
    """An MLflow server with two versions that MLflow's own client registered, and settings that name it."""

    settings: Settings
    bundles: list[Bundle]
    artifacts: Path

    @property
    def rest(self) -> RestRegistry:
        return RestRegistry(self.settings)

    @property
    def mlflow(self) -> MlflowRegistry:
        return MlflowRegistry(self.settings)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with mlflow_server(f"sqlite:///{folder / 'server.db'}", folder) as address:
        settings = settings_in(folder, MLFLOW_TRACKING_URI=address)
        assert RestRegistry(settings).versions() == []
        assert RestRegistry(settings).holder("champion") is None
        yield Desk(settings, [register(settings, alpha) for alpha in (1.0, 0.5)], folder / "artifacts")


def register(settings: Settings, alpha: float) -> Bundle:
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    pipeline = fit_pipeline(MultinomialNB(alpha=alpha), *sample_texts(10), cleaning, tfidf)
    bundle = bundle_of(pipeline, cleaning, tfidf)
    tracking = Tracking(settings)
    run = tracking.start("train", {})
    MlflowRegistry(settings).register(bundle, pipeline, run)
    tracking.finish(run)
    return bundle


@pytest.fixture(autouse=True)
def _as_registered(desk: Desk) -> None:
    """Nobody is in charge, and nothing was fetched yet."""
    names: tuple[Alias, ...] = ("champion", "challenger", "previous")
    for alias in names:
        desk.rest.set_alias(alias, None)
    shutil.rmtree(desk.settings.bundles, ignore_errors=True)
    (desk.settings.home / "newsdesk.db").unlink(missing_ok=True)


def test_it_says_what_mlflow_says(desk: Desk) -> None:
    desk.mlflow.set_alias("champion", "1")
    desk.mlflow.set_alias("challenger", "2")
    assert desk.rest.versions() == desk.mlflow.versions()
    assert [version.aliases for version in desk.rest.versions()] == [("challenger",), ("champion",)]
    assert desk.rest.holder("champion") == desk.mlflow.holder("champion") == desk.rest.version("1")
    assert desk.rest.holder("previous") is None


def test_aliases_move_as_mlflow_sees_them(desk: Desk) -> None:
    for number in ("1", "2", "2"):
        desk.rest.set_alias("champion", number)
        holder = desk.mlflow.holder("champion")
        assert holder is not None
        assert holder.version == number
    for _ in range(2):
        desk.rest.set_alias("champion", None)
        assert desk.mlflow.holder("champion") is None
    with pytest.raises(RegistryError, match=r"version=99.* not found"):
        desk.rest.set_alias("champion", "99")


def test_a_bundle_is_fetched_byte_for_byte(desk: Desk) -> None:
    for number, registered in zip(("1", "2"), desk.bundles, strict=True):
        version = desk.rest.version(number)
        bundle, folder = fetch_bundle(desk.rest, version, desk.settings.bundles)
        assert bundle.digest == registered.digest
        for name in (MANIFEST, VOCABULARY, WEIGHTS):
            assert (folder / name).read_bytes() == desk.mlflow.download(version, name)


@pytest.mark.parametrize("path", ["bundle/none", "../server.db", "..%2Fserver.db", "/etc/passwd", "bundle"])
def test_the_server_hands_out_nothing_but_files_of_the_version(path: str, desk: Desk) -> None:
    query = {"name": MODEL, "version": "1", "path": path}
    with pytest.raises(RegistryError, match="cannot do this"):
        MlflowApi(desk.settings).file("/model-versions/get-artifact", query, 1000)


def test_a_version_that_is_not_there_is_not_found(desk: Desk) -> None:
    version = desk.rest.version("2")
    with pytest.raises(RegistryError, match="has no version 99"):
        desk.rest.version("99")
    gone = type(version)(**(vars(version) | {"version": "99"}))
    with pytest.raises(NotFoundError):
        desk.rest.download(gone, MANIFEST)


@pytest.mark.parametrize("name", [MANIFEST, VOCABULARY, WEIGHTS])
def test_artifacts_that_were_tampered_with_at_the_server_are_refused(name: str, desk: Desk) -> None:
    (file,) = (path for path in desk.artifacts.rglob(name) if desk.bundles[0].digest in read_manifest(path.parent))
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[:-9])
        with pytest.raises(BundleError, match="Version 1 is refused"):
            fetch_bundle(desk.rest, desk.rest.version("1"), desk.settings.bundles)
        assert list(desk.settings.bundles.iterdir()) == []
    finally:
        file.write_bytes(whole)


def read_manifest(folder: Path) -> str:
    return (folder / MANIFEST).read_text(encoding="utf-8")


def test_promotion_and_rollback_need_no_mlflow_here(desk: Desk) -> None:
    store = open_store(desk.settings.database)
    promotions = Promoter(desk.settings, desk.rest, store, "a server")
    promotions.promote("1", "the first")
    promotions.promote("2", "better")
    assert {version.version: version.aliases for version in desk.mlflow.versions()} == {
        "1": ("previous",),
        "2": ("champion",),
    }
    promotions.rollback("worse")
    assert {version.version: version.aliases for version in desk.mlflow.versions()} == {"1": ("champion",), "2": ()}
    pointer = read_champion_pointer(desk.settings.bundles)
    assert pointer is not None
    assert (pointer.version, pointer.digest) == ("1", desk.bundles[0].digest)
    assert [entry.decision for entry in entries(store)] == ["promoted", "promoted", "rolled back"]


def test_the_command_line_promotes_without_loading_mlflow(desk: Desk) -> None:
    script = """
import sys
from newsdesk.cli.app import app
app(sys.argv[1:], standalone_mode=False)
print(*{name.partition(".")[0] for name in sys.modules})
"""
    environment = os.environ | {
        "NEWSDESK_HOME": str(desk.settings.home),
        "MLFLOW_TRACKING_URI": desk.settings.tracking_uri,
    }
    command = [sys.executable, "-c", script, "models", "promote", "2", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told, loaded = done.stdout.splitlines()
    assert json.loads(told) == {"champion": "2", "digest": desk.bundles[1].digest}
    assert set(loaded.split()) & {"mlflow", "sklearn", "scipy", "pandas", "pyarrow"} == set()


def test_a_server_that_is_away_is_told_by_its_address_and_what_is_on_disk_still_serves(desk: Desk) -> None:
    version = desk.rest.version("1")
    fetch_bundle(desk.rest, version, desk.settings.bundles)
    address = f"http://127.0.0.1:{free_port()}"
    away = RestRegistry(settings_in(desk.settings.home, MLFLOW_TRACKING_URI=address))
    for ask in (away.versions, lambda: away.holder("champion"), lambda: away.set_alias("champion", "1")):
        with pytest.raises(RegistryError, match=f"MLflow at {address} does not answer"):
            ask()
    assert fetch_bundle(away, version, desk.settings.bundles)[0].digest == desk.bundles[0].digest
