"""Versions of the registered model, and the aliases that say which of them is in charge."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from newsdesk.config.settings import Settings
from newsdesk.errors import RegistryError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import save_bundle
from newsdesk.registry.artifact_files import local_folder, read_local, size_limit
from newsdesk.registry.champion_pointer import bundle_folder_name
from newsdesk.registry.interfaces import RegisteredVersion, RegistryWriter
from newsdesk.registry.mlflow_client import connect, mlflow_errors
from newsdesk.registry.version import BUNDLE, MODEL, Alias, Version, describe, newest_first


class MlflowRegistry(RegistryWriter):
    """The registered model `news-classifier`, by the MLflow client: the only one that also registers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._address = settings.tracking_uri
        self._client: MlflowClient = connect(settings)

    def versions(self) -> list[Version]:
        """All versions, newest first."""
        with mlflow_errors(self._address):
            items = self._client.search_model_versions(f"name = '{MODEL}'")
            registered = self._client.get_registered_model(MODEL).aliases if items else {}
        aliases = {alias: int(number) for alias, number in registered.items()}
        return newest_first([_describe(item, aliases) for item in items])

    def register(self, bundle: Bundle, pipeline: Any, run_id: str) -> Version:
        """Log the bundle as an MLflow model, the scikit-learn pipeline beside it, and register it as a new version.

        Only the client is used, never MLflow's module-level functions: these keep the address in process-wide state.
        """
        # scikit-learn and skops take seconds to load: only who registers waits for them, not who promotes.
        from newsdesk.registry.pyfunc_files import write_files

        with mlflow_errors(self._address), TemporaryDirectory() as scratch:
            folder = Path(scratch) / "model"
            write_files(bundle, pipeline, folder)
            experiment = self._client.get_run(run_id).info.experiment_id
            logged = self._client.create_logged_model(experiment, name=MODEL, source_run_id=run_id)
            self._client.log_model_artifacts(logged.model_id, str(folder))
            self._client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
            _create_if_missing(self._client)
            version = self._client.create_model_version(
                MODEL, logged.artifact_location, run_id, tags=_tags(bundle), model_id=logged.model_id
            )
            save_bundle(bundle, self._bundle_folder(bundle.digest))
            return _describe(version, {})

    def download(self, version: RegisteredVersion, name: str) -> bytes:
        limit = size_limit(name)
        with mlflow_errors(self._address), TemporaryDirectory() as scratch:
            source = self._client.get_model_version_download_uri(MODEL, version.version)
            folder = local_folder(source)
            if folder is not None:
                return read_local(folder, name)
            file = mlflow.artifacts.download_artifacts(
                f"{source}/{BUNDLE}/{name}", dst_path=scratch, tracking_uri=self._address
            )
            if Path(file).stat().st_size > limit:
                raise RegistryError(f"{name} of version {version.version} is larger than the {limit} bytes allowed.")
            return Path(file).read_bytes()

    def set_alias(self, alias: Alias, version: str | None) -> None:
        """Let `alias` name a version, or none."""
        with mlflow_errors(self._address):
            if version is not None:
                self._client.set_registered_model_alias(MODEL, alias, version)
            elif self.holder(alias) is not None:
                self._client.delete_registered_model_alias(MODEL, alias)

    def _bundle_folder(self, digest: str) -> Path:
        return self._settings.bundles / bundle_folder_name(digest)


def _describe(item: ModelVersion, aliases: Mapping[str, int]) -> Version:
    return describe(int(item.version), item.creation_timestamp, item.tags, aliases)


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
