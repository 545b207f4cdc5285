"""The archive: a compressed tar, written and read as a stream, that ends with the digest of every file in it."""

import gzip
import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, NamedTuple, cast

from pydantic import ValidationError

from newsdesk.operations.backup.encryption import MAGIC, DecryptingReader, EncryptingWriter, is_encrypted
from newsdesk.operations.backup.error import BackupError
from newsdesk.operations.backup.manifest import MANIFEST, BackupManifest, FileDigest

_READ_AT_ONCE = 8 * 1024 * 1024  # bytes: a file up to here is read at once, so that it may shrink or grow meanwhile
_FASTEST = 1  # most of the content is compressed already
_LARGEST_MANIFEST = 256 * 1024 * 1024


class ArchiveWriter:
    """Adds files and records their digests."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, FileDigest] = {}

    def add(self, name: str, path: Path) -> bool:
        """Add a file; False where it has gone meanwhile."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return False
        with file:
            state = os.fstat(file.fileno())
            content: BinaryIO = file
            size = state.st_size
            if size <= _READ_AT_ONCE:
                data = file.read()
                content, size = io.BytesIO(data), len(data)
            self._add(name, content, size, state.st_mode & 0o777, state.st_mtime)
        return True

    def finish(self, manifest: BackupManifest) -> None:
        """Write the manifest, without which an archive is incomplete."""
        content = manifest.model_dump_json(indent=1).encode()
        self._tar.addfile(_tar_info(MANIFEST, len(content), 0o600, manifest.made_at.timestamp()), io.BytesIO(content))

    def _add(self, name: str, content: BinaryIO, size: int, mode: int, modified: float) -> None:
        if name in self.files:
            raise BackupError(f"{name} would be in the archive twice. Rename one of the files that have this name.")
        reader = _HashingReader(content, size)
        self._tar.addfile(_tar_info(name, size, mode, modified), cast("IO[bytes]", reader))
        self.files[name] = FileDigest(sha256=reader.digest.hexdigest(), size=size)


class ArchiveMember(NamedTuple):
    """One file of an archive; `content` can be read until the next one is asked for."""

    name: str
    size: int
    mode: int
    modified: float
    content: BinaryIO


@contextmanager
def open_archive_writer(target: Path, passphrase: bytes | None) -> Iterator[ArchiveWriter]:
    """A new archive at `target`, which its owner alone may read; on the disk when the `with` block has ended."""
    target.touch(0o600, exist_ok=False)
    with target.open("r+b") as file:
        sink: Any = EncryptingWriter(file, passphrase) if passphrase is not None else file
        with (
            gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=_FASTEST, mtime=0, filename="") as compressed,
            tarfile.open(fileobj=compressed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            yield ArchiveWriter(tar)
        if passphrase is not None:
            sink.close()
        file.flush()
        os.fsync(file.fileno())


def members(archive: Path, passphrase: bytes | None) -> Iterator[ArchiveMember]:
    """Every file of an archive, in order. Raises `BackupError` where it cannot be read to its end."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(archive.open("rb"))
            source = _decrypt(file, passphrase, str(archive))
            compressed = stack.enter_context(gzip.GzipFile(fileobj=source, mode="rb"))
            checked = _ErrorTranslatingReader(compressed, archive)
            tar = stack.enter_context(tarfile.open(fileobj=cast("IO[bytes]", checked), mode="r|"))
            for info in tar:
                content = tar.extractfile(info)
                if not info.isfile() or content is None or not _is_inside(info.name):
                    raise BackupError(f"{archive} holds {info.name[:200]!r}, which no backup does. Take another one.")
                yield ArchiveMember(
                    info.name,
                    info.size,
                    info.mode & 0o777,
                    info.mtime,
                    cast("BinaryIO", _ErrorTranslatingReader(content, archive)),
                )
            while checked.read(1024 * 1024):  # to the end, where the sum of the compressed stream is checked
                pass
        except tarfile.TarError as error:
            raise _damaged_error(archive, error) from error


def verify(archive: Path, passphrase: bytes | None) -> BackupManifest:
    """Read all of an archive and check every sum. Raises `BackupError` naming what is wrong."""
    digests: dict[str, FileDigest] = {}
    manifest: BackupManifest | None = None
    for member in members(archive, passphrase):
        if member.name in digests or (member.name == MANIFEST and manifest):
            raise BackupError(f"{archive} holds {member.name[:200]!r} twice. Take another archive.")
        if member.name == MANIFEST:
            manifest = _parse_manifest(member, archive)
        else:
            digests[member.name] = FileDigest(sha256=_hash(member), size=member.size)
    if manifest is None:
        raise BackupError(f"{archive} has no {MANIFEST}: its backup did not end. Take another archive.")
    for name in sorted(manifest.files.keys() | digests.keys()):
        if manifest.files.get(name) != digests.get(name):
            raise BackupError(f"{archive}: {name} is not what was backed up. Take another archive.")
    return manifest


def _tar_info(name: str, size: int, mode: int, modified: float) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, mode, modified
    return info


def _decrypt(file: BinaryIO, passphrase: bytes | None, name: str) -> Any:
    start = file.read(len(MAGIC))
    file.seek(0)
    if not is_encrypted(start):
        if passphrase is not None:
            raise BackupError(
                f"{name} is not encrypted, though BACKUP_PASSPHRASE_FILE is set: anybody may have written it. If it is "
                "yours, unset BACKUP_PASSPHRASE_FILE for this command."
            )
        return file
    if passphrase is None:
        raise BackupError(f"{name} is encrypted. Let BACKUP_PASSPHRASE_FILE name the file with its passphrase.")
    return DecryptingReader(file, passphrase, name)


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _parse_manifest(member: ArchiveMember, archive: Path) -> BackupManifest:
    try:
        return BackupManifest.model_validate_json(member.content.read(_LARGEST_MANIFEST))
    except ValidationError as error:
        raise BackupError(
            f"The {MANIFEST} of {archive} cannot be read: it is damaged, or of a newer Newsdesk. Update it, or "
            "take another archive."
        ) from error


def _hash(member: ArchiveMember) -> str:
    digest = hashlib.sha256()
    while part := member.content.read(1024 * 1024):
        digest.update(part)
    return digest.hexdigest()


class _ErrorTranslatingReader:
    """Reads, and turns errors of the content into `BackupError`."""

    def __init__(self, content: IO[bytes] | gzip.GzipFile, archive: Path) -> None:
        self._content, self._archive = content, archive

    def read(self, size: int) -> bytes:
        try:
            return self._content.read(size)
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _damaged_error(self._archive, error) from error


def _damaged_error(archive: Path, error: Exception) -> BackupError:
    return BackupError(f"{archive} is no whole archive ({error}). Take another one.")


class _HashingReader:
    """Reads, and computes the digest of what was read."""

    def __init__(self, content: BinaryIO, size: int) -> None:
        self._content, self._remaining = content, size
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        part = self._content.read(min(size, self._remaining))
        self._remaining -= len(part)
        self.digest.update(part)
        return part
