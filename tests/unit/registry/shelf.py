"""A real embedded MLflow whose registry holds whatever a test puts there, good or hostile."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient

from newsdesk.config.settings import Settings
from newsdesk.model.bundle import Bundle, BundleManifest
from newsdesk.model.bundle_files import MANIFEST, save_bundle
from newsdesk.registry.mlflow_client import connect
from newsdesk.registry.sqlite_reader import SqliteReader
from newsdesk.registry.version import BUNDLE, MODEL
from tests.builders import settings_in


@dataclass(frozen=True)
class Shelf:
    """The settings of an embedded MLflow, and a client of it."""

    settings: Settings
    client: MlflowClient

    @property
    def database(self) -> Path:
        return self.settings.home / "mlflow.db"

    @property
    def reader(self) -> SqliteReader:
        return SqliteReader(self.database)

    def artifacts(self, number: str) -> Path:
        """The artifact folder of a version."""
        return self.settings.home / "artifacts" / number

    def bundle(self, number: str) -> Path:
        return self.artifacts(number) / BUNDLE

    def put(self, bundle: Bundle) -> str:
        """Register a bundle as the next version, with the tags that registering writes; returns its number."""
        number = str(len(self.client.search_model_versions(f"name = '{MODEL}'")) + 1)
        save_bundle(bundle, self.bundle(number))
        tags = {"digest": bundle.digest, "model_type": "MultinomialNB", "dataset_version": "test", "accuracy": "0.9"}
        made = self.client.create_model_version(MODEL, self.artifacts(number).as_uri(), tags=tags)
        assert str(made.version) == number
        return number

    def put_resealed(self, bundle: Bundle, files: dict[str, bytes], also_named: dict[str, str] | None = None) -> str:
        """Register a bundle in which files were replaced and every digest, the tag's too, was made to fit."""
        named = bundle.manifest.files | {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        draft = bundle.manifest.model_copy(update={"files": named | (also_named or {})})
        manifest: BundleManifest = draft.model_copy(update={"digest": draft.expected_digest()})
        number = self.put(Bundle(manifest, bundle.vocabulary, bundle.tensors))
        for name, data in files.items():
            (self.bundle(number) / name).write_bytes(data)
        assert (self.bundle(number) / MANIFEST).is_file()
        return number


def open_shelf(folder: Path, template: Path) -> Shelf:
    """A new embedded MLflow under `folder/var`; its empty database is copied, for making one takes seconds."""
    settings = settings_in(folder)
    settings.home.mkdir(parents=True)
    shutil.copy(template, settings.home / "mlflow.db")
    client = connect(settings)
    client.create_registered_model(MODEL)
    return Shelf(settings, client)
