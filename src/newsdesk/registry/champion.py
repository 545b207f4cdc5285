"""Find the champion, or another version, with its bundle."""

from typing import NamedTuple

from newsdesk.config.settings import Settings
from newsdesk.errors import BundleError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import load_bundle
from newsdesk.registry.champion_pointer import read_champion_pointer
from newsdesk.registry.reader import fetch_bundle, open_reader, open_registry
from newsdesk.registry.version import Version


class NoChampionError(BundleError):
    """No model was put in charge yet."""

    code = "no_champion"


class Champion(NamedTuple):
    """The version in charge, with its bundle."""

    version: str
    bundle: Bundle


def find_champion(settings: Settings) -> Champion:
    """The champion by the registry's word, or where there is none to ask by the pointer's.

    Raises `NoChampionError` where there is none, `RegistryError` where the registry does not answer.
    """
    reader = open_reader(settings)
    if reader and (holder := reader.holder("champion")):
        return Champion(holder.version, fetch_bundle(reader, holder, settings.bundles)[0])
    pointer = read_champion_pointer(settings.bundles)
    if pointer is None:
        raise NoChampionError(f"There is no champion to watch under {settings.bundles}. Train one: newsdesk run.")
    return Champion(pointer.version, load_bundle(settings.bundles / pointer.bundle))


def find_version(settings: Settings, number: str) -> tuple[Version, Bundle]:
    """A registered version by its number. Raises `RegistryError` where there is none or the registry does not answer,
    `BundleError` where its bundle is bad."""
    reader = open_reader(settings) or open_registry(settings)
    version = reader.version(number)
    return version, fetch_bundle(reader, version, settings.bundles)[0]
