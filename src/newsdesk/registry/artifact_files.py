"""The three files that a registered version's bundle may have, and how they are read from a folder of this machine."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from newsdesk.errors import RegistryError
from newsdesk.model.bundle_files import SIZE_LIMITS
from newsdesk.registry.version import BUNDLE


def size_limit(name: str) -> int:
    """How many bytes a file may have. Raises `RegistryError` for a name that no bundle has, such as `../x`."""
    limit = SIZE_LIMITS.get(name)
    if limit is None:
        raise RegistryError(f"A bundle holds {', '.join(SIZE_LIMITS)} only: {name[:80]!r} is not fetched.")
    return limit


def local_folder(source: str) -> Path | None:
    """The folder that a version's source, a path or an address, names; None where it is not on this machine."""
    parts = urlsplit(source)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(url2pathname(parts.path))
    return Path(source) if source.startswith("/") else None


def read_local(source: Path, name: str) -> bytes:
    """One file of the bundle in the artifact folder `source`. Raises `RegistryError`, also for a link out of there."""
    limit = size_limit(name)
    file = source / BUNDLE / name
    try:
        expected = source.resolve(strict=True) / BUNDLE / name
        if expected.resolve(strict=True) != expected or not expected.is_file():
            raise RegistryError(f"{file} is not a plain file in its own folder: it is not fetched.")
        with expected.open("rb") as stream:
            content = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        raise RegistryError(f"{file} cannot be read: {error}. Restore MLflow's artifacts.") from error
    if len(content) > limit:
        raise RegistryError(f"{file} is larger than the {limit} bytes that are allowed: it is not fetched.")
    return content
