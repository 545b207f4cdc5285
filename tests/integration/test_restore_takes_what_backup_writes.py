"""An archive puts nothing where no backup takes it from, and nothing is touched before all of it is found sound."""

import hashlib
import io
import json
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from newsdesk.config.settings import Settings
from newsdesk.operations.backup.archive import members, verify, writing
from newsdesk.operations.backup.create import create_backup
from newsdesk.operations.backup.error import BackupError
from newsdesk.operations.backup.manifest import MANIFEST, Content, Manifest
from newsdesk.operations.backup.restore import restore_backup
from newsdesk.pipeline.progress import Silent
from newsdesk.store.database import open_store
from tests.builders import settings_in

Files = dict[str, bytes]


def deployment(folder: Path, **environment: str) -> Settings:
    """Keys beside `.env`, configuration, a store with its tables, a pointer."""
    settings = settings_in(folder, API_KEYS_FILE=str(folder / "keys.json"), **environment)
    open_store(settings.database).dispose()
    settings.bundles.mkdir()
    settings.config_dir.mkdir()
    (settings.bundles / "champion.json").write_text("{}", encoding="utf-8")
    (settings.config_dir / "model_config.yaml").write_text("", encoding="utf-8")
    for name in ("keys.json", ".env"):
        (folder / name).write_text("mine", encoding="utf-8")
    return settings


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return deployment(tmp_path / "here")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A backup of a deployment like this one."""
    return create_backup(deployment(tmp_path / "there"), tmp_path / "backups", Silent()).archive


def forged(archive: Path, change: Callable[[Files, Manifest], Manifest]) -> Path:
    """The archive with other files, and a manifest whose sums fit them."""
    files = {member.name: member.content.read(member.size) for member in members(archive, None)}
    manifest = change(files, Manifest.model_validate_json(files.pop(MANIFEST)))
    target = archive.with_name("forged.tar.gz")
    with tarfile.open(target, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        contents = {
            name: Content(sha256=hashlib.sha256(data).hexdigest(), size=len(data)) for name, data in files.items()
        }
        whole = manifest.model_copy(update={"files": contents}).model_dump_json().encode()
        for name, data in [*files.items(), (MANIFEST, whole)]:
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o777
            tar.addfile(info, io.BytesIO(data))
    verify(target, None)
    return target


def everything(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.endswith((".lock", "-shm", "-wal")):  # those of whoever only looks
            yield str(path.relative_to(folder)), path.read_bytes()


def refused(settings: Settings, archive: Path, match: str) -> None:
    """Even where `--yes` is said, and nothing is changed or left behind."""
    folder = settings.home.parent
    before = dict(everything(folder))
    with pytest.raises(BackupError, match=match):
        restore_backup(settings, archive, True, Silent())
    assert dict(everything(folder)) == before


def test_what_a_backup_writes_is_taken(here: Settings, archive: Path) -> None:
    restore_backup(here, archive, True, Silent())
    assert (here.home.parent / ".env").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "name",
    [
        "files/keys/.env",
        "files/keys/id_rsa",
        "files/keys/sub/keys.json",
        "files/pointer/other.json",
        "files/pointer/sub/champion.json",
        "files/configs/docker.sh",
        "files/configs/sub/model_config.yaml",
        "files/spool/.bashrc",
        "files/bundles/champion.json",
        "files/bundles/.lock",
        "files/inbox/.hidden/news.csv",
        "files/inbox//news.csv",
        "files/elsewhere/x",
        "files/keys",
        "databases/other.sqlite",
        "databases/store.sqlite/x",
        "databases/store.dump",
        "x",
    ],
)
def test_a_name_that_no_backup_writes_is_refused_before_anything_is_touched(
    here: Settings, archive: Path, name: str
) -> None:
    def added(files: Files, manifest: Manifest) -> Manifest:
        files[name] = b"theirs"
        return manifest

    refused(here, forged(archive, added), "Nothing was changed")


def test_a_database_that_is_named_and_not_there_is_refused(here: Settings, archive: Path) -> None:
    def lost(files: Files, manifest: Manifest) -> Manifest:
        del files["databases/store.sqlite"]
        return manifest

    refused(here, forged(archive, lost), "does not hold it")


@pytest.mark.parametrize("spoilt", ["no database", "cut off", "without tables", "damaged"])
def test_a_database_that_is_not_sound_is_refused(here: Settings, archive: Path, tmp_path: Path, spoilt: str) -> None:
    def spoil(files: Files, manifest: Manifest) -> Manifest:
        whole = files["databases/store.sqlite"]
        contents = {
            "no database": b"no database" * 1000,
            "cut off": whole[: len(whole) // 2],
            "without tables": b"",
            "damaged": whole[:4096] + b"\xff" * 8192 + whole[12288:],
        }
        files["databases/store.sqlite"] = contents[spoilt]
        return manifest

    refused(here, forged(archive, spoil), "store is damaged")


def test_a_plain_archive_is_refused_where_a_passphrase_is_set(archive: Path, tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple\n", encoding="utf-8")
    settings = deployment(tmp_path / "sealed", BACKUP_PASSPHRASE_FILE=str(passphrase))
    refused(settings, archive, "is not encrypted, though BACKUP_PASSPHRASE_FILE is set")
    sealed = create_backup(settings, tmp_path / "backups", Silent()).archive
    restore_backup(settings, sealed, True, Silent())


def test_keys_under_another_name_are_told_with_the_setting(here: Settings, archive: Path) -> None:
    def renamed(files: Files, manifest: Manifest) -> Manifest:
        files["files/keys/api_keys.json"] = files.pop("files/keys/keys.json")
        return manifest

    refused(here, forged(archive, renamed), "API_KEYS_FILE names keys.json")


def test_an_archive_is_written_and_read_whatever_names_files_have(here: Settings, tmp_path: Path) -> None:
    """As an inbox may hold them; what is no UTF-8 has a name of ASCII afterwards."""
    inbox = here.home / "inbox"
    inbox.mkdir()
    for name in (b"caf\xe9.csv", "café.csv".encode(), b"two\nlines.csv", b"[x].csv"):
        Path(inbox.as_posix().encode().decode(), name.decode("utf-8", "surrogateescape")).write_bytes(name)
    made = create_backup(here, tmp_path / "odd", Silent())
    restore_backup(here, made.archive, True, Silent())
    assert sorted(path.read_bytes() for path in inbox.iterdir()) == sorted(
        [b"caf\xe9.csv", "café.csv".encode(), b"two\nlines.csv", b"[x].csv"]
    )


def test_a_restored_store_can_be_read(here: Settings, archive: Path) -> None:
    restore_backup(here, archive, True, Silent())
    with closing(sqlite3.connect(here.home / "newsdesk.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert json.loads((here.bundles / "champion.json").read_text(encoding="utf-8")) == {}


def test_a_new_archive_is_private(tmp_path: Path) -> None:
    with writing(tmp_path / "new.tar.gz", None):
        pass
    assert (tmp_path / "new.tar.gz").stat().st_mode & 0o777 == 0o600
