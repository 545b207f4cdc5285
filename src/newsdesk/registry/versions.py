"""Versions of the registered model, and the aliases that say which of them is in charge."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import mlflow.artifacts
import mlflow.sklearn
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from newsdesk.config.settings import Settings
from newsdesk.errors import BundleError, RegistryError
from newsdesk.model.bundle import Bundle, load_bundle, save_bundle
from newsdesk.registry.mlflow_client import connect, explained
from newsdesk.registry.pointer import bundle_folder_name

MODEL = "news-classifier"
BUNDLE = "bundle"  # folder of a version's artifacts
Alias = Literal["champion", "challenger", "previous"]

# What a pipeline may hold besides the types that skops trusts itself; it refuses to load anything else.
TRUSTED_TYPES = [
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
]


@dataclass(frozen=True)
class Version:
    """A registered version. `accuracy` is that of the test set it was measured on before it was registered."""

    version: str
    digest: str
    model_type: str
    dataset_version: str
    accuracy: float
    registered_at: datetime
    aliases: tuple[str, ...]


class Registry:
    """The registered model `news-classifier`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._address = settings.tracking_uri
        self._client: MlflowClient = connect(settings)

    def versions(self) -> list[Version]:
        """All versions, newest first."""
        with explained(self._address):
            found = self._client.search_model_versions(f"name = '{MODEL}'")
            aliases = self._client.get_registered_model(MODEL).aliases if found else {}
        return sorted(
            (_describe(item, aliases) for item in found), key=lambda version: int(version.version), reverse=True
        )

    def version(self, number: str) -> Version:
        """One version. Raises `RegistryError` where there is none of that number."""
        for version in self.versions():
            if version.version == number:
                return version
        raise RegistryError(f"{MODEL} has no version {number}. `newsdesk models list` shows those there are.")

    def holder(self, alias: Alias) -> Version | None:
        """The version that an alias names; None where it names none."""
        return next((version for version in self.versions() if alias in version.aliases), None)

    def register(self, bundle: Bundle, pipeline: Any, run_id: str) -> Version:
        """Log the scikit-learn pipeline with the bundle beside it, and register both as a new version.

        Only the client is used, never MLflow's module-level functions: these keep the address in process-wide state.
        """
        with explained(self._address), TemporaryDirectory() as scratch:
            mlflow.sklearn.save_model(
                pipeline,
                scratch,
                serialization_format="skops",
                skops_trusted_types=TRUSTED_TYPES,
                pip_requirements=[f"{name}=={installed(name)}" for name in ("scikit-learn", "skops", "numpy")],
                metadata={"input": "texts cleaned by newsdesk.text.cleaning; the bundle takes raw texts"},
            )
            save_bundle(bundle, Path(scratch) / BUNDLE)
            experiment = self._client.get_run(run_id).info.experiment_id
            logged = self._client.create_logged_model(experiment, name=MODEL, source_run_id=run_id)
            self._client.log_model_artifacts(logged.model_id, scratch)
            self._client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
            _create_if_missing(self._client)
            made = self._client.create_model_version(
                MODEL, logged.artifact_location, run_id, tags=_tags(bundle), model_id=logged.model_id
            )
            save_bundle(bundle, self._folder_of(bundle.digest))
            return _describe(made, {})

    def fetch(self, version: Version) -> tuple[Bundle, Path]:
        """A version's bundle and the folder it is kept in; downloaded where it is not whole on disk, always checked."""
        folder = self._folder_of(version.digest)
        try:
            bundle = load_bundle(folder)
        except BundleError:
            bundle = self._download(version)
            save_bundle(bundle, folder)
        if bundle.digest != version.digest:
            raise RegistryError(f"{folder} is not the bundle of version {version.version}. Remove that folder.")
        return bundle, folder

    def _download(self, version: Version) -> Bundle:
        with explained(self._address), TemporaryDirectory() as scratch:
            source = self._client.get_model_version(MODEL, version.version).source
            downloaded = mlflow.artifacts.download_artifacts(
                f"{source}/{BUNDLE}", dst_path=scratch, tracking_uri=self._address
            )
            return load_bundle(Path(downloaded))

    def set_alias(self, alias: Alias, version: str | None) -> None:
        """Let `alias` name a version, or none."""
        with explained(self._address):
            if version is not None:
                self._client.set_registered_model_alias(MODEL, alias, version)
            elif self.holder(alias) is not None:
                self._client.delete_registered_model_alias(MODEL, alias)

    def _folder_of(self, digest: str) -> Path:
        return self._settings.bundles / bundle_folder_name(digest)


def _describe(item: ModelVersion, aliases: Mapping[str, str]) -> Version:
    return Version(
        version=str(item.version),
        digest=item.tags.get("digest", ""),
        model_type=item.tags.get("model_type", ""),
        dataset_version=item.tags.get("dataset_version", ""),
        accuracy=float(item.tags.get("accuracy", "nan")),
        registered_at=datetime.fromtimestamp(item.creation_timestamp / 1000, tz=UTC),
        aliases=tuple(sorted(alias for alias, number in aliases.items() if str(number) == str(item.version))),
    )


def _tags(bundle: Bundle) -> dict[str, str]:
    manifest = bundle.manifest
    return {
        "digest": manifest.digest,
        "model_name": manifest.model_name,
        "model_type": manifest.model_type,
        "dataset_version": manifest.dataset_version,
        "accuracy": repr(manifest.metrics["accuracy"]),
    }


def _create_if_missing(client: MlflowClient) -> None:
    try:
        client.get_registered_model(MODEL)
    except MlflowException:
        client.create_registered_model(
            MODEL, description="Sorts news articles into categories; trained and promoted by Newsdesk."
        )
