"""Interfaces for reading the registry and moving its aliases: by the MLflow client, its database or its REST API."""

from abc import abstractmethod
from typing import Protocol

from newsdesk.errors import RegistryError
from newsdesk.registry.version import MODEL, Alias, Version


class RegisteredVersion(Protocol):
    """A version by its number and the digest of its bundle: all that must be known to fetch it."""

    @property
    def version(self) -> str: ...

    @property
    def digest(self) -> str: ...


class RegistryReader(Protocol):
    """Reads the registered model `news-classifier`. Every method raises `RegistryError` where it cannot be read."""

    @abstractmethod
    def versions(self) -> list[Version]:
        """All versions, newest first; none where nothing was registered yet."""

    @abstractmethod
    def download(self, version: RegisteredVersion, name: str) -> bytes:
        """One file of a version's bundle, unchecked. `name` is `bundle.json` or another of its three files."""

    def version(self, number: str) -> Version:
        """One version. Raises `RegistryError` where there is none of that number."""
        for version in self.versions():
            if version.version == number:
                return version
        raise RegistryError(f"{MODEL} has no version {number}. `newsdesk models list` shows those there are.")

    def holder(self, alias: Alias) -> Version | None:
        """The version that an alias names; None where it names none."""
        return next((version for version in self.versions() if alias in version.aliases), None)


class RegistryWriter(RegistryReader, Protocol):
    """A reader that also moves aliases."""

    @abstractmethod
    def set_alias(self, alias: Alias, version: str | None) -> None:
        """Let `alias` name a version, or none. Raises `RegistryError`."""
