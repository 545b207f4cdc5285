"""Fetch a registered version's bundle to this machine; it is checked before it gets its name."""

from pathlib import Path

from newsdesk import atomic
from newsdesk.errors import BundleError, RegistryError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import MANIFEST, SIZE_LIMITS, load_bundle
from newsdesk.registry.champion_pointer import bundle_folder_name
from newsdesk.registry.interfaces import RegisteredVersion, RegistryReader

_REMEDY = "If it stays so, put another version in charge: newsdesk models list."


def fetch_bundle(reader: RegistryReader, version: RegisteredVersion, bundles: Path) -> tuple[Bundle, Path]:
    """A version's bundle and the folder under `bundles` that it is kept in.

    It is downloaded where it is not whole on disk, and always checked: its own digests, and that it is the bundle that
    was registered. Several processes may fetch the same one at once. Raises `BundleError` for a bundle that is bad,
    `RegistryError` where there is none to be had.
    """
    folder = bundles / bundle_folder_name(version.digest)
    bundle = _load_cached(folder, version)
    if bundle is None:
        try:
            with atomic.new_folder(folder) as draft:
                bundle = _download(reader, version, draft)
        except OSError as error:
            bundle = _load_cached(folder, version)  # another process may have put it there in the same moment
            if bundle is None:
                raise RegistryError(
                    f"The bundle of version {version.version} cannot be written to {folder}: {error.strerror}. Make "
                    "room there, or let NEWSDESK_HOME name another folder."
                ) from error
    return bundle, folder


def _load_cached(folder: Path, version: RegisteredVersion) -> Bundle | None:
    try:
        bundle = load_bundle(folder)
    except BundleError:
        return None
    return bundle if bundle.digest == version.digest else None


def _download(reader: RegistryReader, version: RegisteredVersion, draft: Path) -> Bundle:
    for name in SIZE_LIMITS:
        (draft / name).write_bytes(reader.download(version, name))
    try:
        bundle = load_bundle(draft)
    except BundleError as error:
        reason = str(error).replace(str(draft), "its bundle")
        raise BundleError(f"Version {version.version} is refused: {reason} {_REMEDY}") from error
    if bundle.digest != version.digest:
        raise BundleError(
            f"Version {version.version} is refused: its bundle is not the one that was registered. {_REMEDY}"
        )
    if set(bundle.manifest.files) != set(SIZE_LIMITS) - {MANIFEST}:
        raise BundleError(f"Version {version.version} is refused: its bundle names other files. {_REMEDY}")
    return bundle
