"""Where models come from: the registry where it can be asked, and always the bundles on this disk."""

import logging
from dataclasses import dataclass
from functools import cached_property

from newsdesk.config.settings import Settings
from newsdesk.errors import BundleError, RegistryError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.registry.champion_pointer import (
    POINTER,
    ChampionPointer,
    bundle_folder_name,
    read_champion_pointer,
    write_champion_pointer,
)
from newsdesk.registry.interfaces import RegisteredVersion
from newsdesk.registry.reader import RegistryReader, fetch_bundle, open_reader
from newsdesk.registry.version import Alias, Version

logger = logging.getLogger("newsdesk.model")


@dataclass(frozen=True)
class LoadedModel:
    """A predictor, and the version it is registered as."""

    predictor: Predictor
    version: str

    @cached_property
    def digest(self) -> str:
        return self.predictor.bundle.digest


@dataclass(frozen=True)
class ModelReference:
    """A version by number and digest: all that must be known to load it."""

    version: str
    digest: str


class ModelLoader:
    """Asks who is in charge, and loads models. Every method may block: call them in a thread."""

    def __init__(self, settings: Settings) -> None:
        self._bundles = settings.bundles
        self._reader: RegistryReader | None = open_reader(settings)

    def champion(self) -> ModelReference | None:
        """Who is in charge by the registry's word; where there is no registry to ask, by the pointer's.

        Raises `RegistryError` where the registry does not answer.
        """
        return self.holder("champion") or self.last_champion_on_disk()

    def last_champion_on_disk(self) -> ModelReference | None:
        """Who was last in charge on this disk. Raises `RegistryError` where the pointer is damaged."""
        return _reference(read_champion_pointer(self._bundles))

    def holder(self, alias: Alias) -> ModelReference | None:
        """Who has an alias by the registry's word; None where there is nobody, or no registry."""
        return _reference(self._reader.holder(alias)) if self._reader else None

    def versions(self) -> list[Version]:
        """All registered versions, newest first; none where there is no registry to ask."""
        return self._reader.versions() if self._reader else []

    def version(self, number: str) -> ModelReference | None:
        """One registered version; None where there is none of that number."""
        return _reference(next((version for version in self.versions() if version.version == number), None))

    def load(self, reference: ModelReference) -> LoadedModel:
        """A model from this disk, or fetched from the registry; checked and warmed up.

        Raises `BundleError` where the bundle is bad, `RegistryError` where it cannot be fetched now.
        """
        folder = self._bundles / bundle_folder_name(reference.digest)
        bundle_error: BundleError | None = None
        if folder.is_dir() or self._reader is None:
            try:
                return _loaded_model(load_bundle(folder), reference)
            except BundleError as error:
                bundle_error = error
        if self._reader is None:
            raise bundle_error or BundleError(f"{folder} is not there.")
        try:
            return _loaded_model(fetch_bundle(self._reader, reference, self._bundles)[0], reference)
        except RegistryError as error:
            if bundle_error is None:
                raise RegistryError(f"The bundle of version {reference.version} cannot be fetched: {error}") from error
            raise BundleError(f"{bundle_error} Version {reference.version} cannot be fetched again: {error}") from error

    def load_at_start(self) -> LoadedModel:
        """The champion; where the registry cannot tell or its bundle is bad, the last good one on this disk.

        Raises `BundleError` where there is none to serve, `RegistryError` where nobody can tell who it is.
        """
        reference = None
        try:
            if reference := self.champion():
                model = self.load(reference)
                self.write_pointer(model)
                return model
        except (BundleError, RegistryError) as error:
            last = self.last_champion_on_disk()
            if last is None or last == reference:
                raise
            model = self.load(last)
            logger.warning("%s Version %s serves, the last good one on this disk.", error, last.version)
            return model
        raise BundleError(f"There is no champion to serve under {self._bundles}. Train one: newsdesk run.")

    def write_pointer(self, model: LoadedModel) -> None:
        """Note on this disk that `model` is good and in charge, for a start without the registry."""
        folder = bundle_folder_name(model.digest)
        pointer = ChampionPointer(version=model.version, digest=model.digest, bundle=folder)
        try:
            if (self._bundles / folder).is_dir() and pointer != self._read_pointer():
                write_champion_pointer(self._bundles, pointer)
        except OSError as error:
            logger.warning(
                "%s cannot be written (%s): without the registry, version %s would not be found at the next start",
                self._bundles / POINTER,
                error.strerror,
                model.version,
            )

    def _read_pointer(self) -> ChampionPointer | None:
        try:
            return read_champion_pointer(self._bundles)
        except RegistryError:  # damaged: it is written anew
            return None


def _reference(version: RegisteredVersion | None) -> ModelReference | None:
    return ModelReference(version.version, version.digest) if version else None


def _loaded_model(bundle: Bundle, reference: ModelReference) -> LoadedModel:
    if bundle.digest != reference.digest:
        raise BundleError(f"The bundle on disk is not that of version {reference.version}. Remove its folder.")
    return LoadedModel(Predictor(bundle), reference.version)
