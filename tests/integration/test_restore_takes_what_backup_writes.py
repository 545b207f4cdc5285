"""An archive puts nothing where no backup takes it from, and nothing is touched before all of it is found sound."""

import hashlib
import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.config.settings import Settings
from newsdesk.operations.backup.archive import members, open_archive_writer, verify
from newsdesk.operations.backup.create import create_backup
from newsdesk.operations.backup.entries import escaped, unescaped
from newsdesk.operations.backup.error import BackupError
from newsdesk.operations.backup.manifest import MANIFEST, BackupManifest, FileDigest
from newsdesk.operations.backup.restore import restore_backup
from newsdesk.pipeline.progress import NoProgress
from newsdesk.registry.champion_pointer import ChampionPointer
from newsdesk.serving.security.key_file import add_key, read_keys, remove_key
from newsdesk.serving.security.keys import new_key
from newsdesk.store.database import open_store
from tests.builders import settings_in

Files = dict[str, bytes]
CHAMPION = ChampionPointer(version="1", digest=f"sha256:{0:064}", bundle=f"{0:016}")
STORE = (
    "newsdesk_version",
    "promotion_ledger",
    "predictions",
    "feedback",
    "monitoring_windows",
    "pipeline_runs",
)
MLFLOW = ("alembic_version", "experiments", "model_versions")


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
    return create_backup(deployment(tmp_path / "there"), tmp_path / "backups", NoProgress()).archive


def with_tables(folder: Path, *names: str) -> bytes:
    """A SQLite file with empty tables of these names."""
    file = folder / "tables.db"
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as database:
        for name in names:
            database.execute(f'CREATE TABLE "{name}" (id INTEGER)')
    return file.read_bytes()


def promoted(files: Files, manifest: BackupManifest) -> BackupManifest:
    """The archive of a deployment in which a model serves."""
    files["files/pointer/champion.json"] = CHAMPION.model_dump_json().encode()
    files[f"files/bundles/{CHAMPION.bundle}/bundle.json"] = b"{}"
    return manifest.model_copy(update={"champion": CHAMPION.digest})


def forged(archive: Path, change: Callable[[Files, BackupManifest], BackupManifest]) -> Path:
    """The archive with other files, and a manifest whose sums fit them."""
    files = {member.name: member.content.read(member.size) for member in members(archive, None)}
    manifest = change(files, BackupManifest.model_validate_json(files.pop(MANIFEST)))
    target = archive.with_name("forged.tar.gz")
    with tarfile.open(target, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        contents = {
            name: FileDigest(sha256=hashlib.sha256(data).hexdigest(), size=len(data)) for name, data in files.items()
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
        restore_backup(settings, archive, True, NoProgress())
    assert dict(everything(folder)) == before


def test_what_a_backup_writes_is_taken(here: Settings, archive: Path) -> None:
    restore_backup(here, archive, True, NoProgress())
    assert (here.home.parent / ".env").read_text(encoding="utf-8") == "mine"


def test_keys_that_were_revoked_after_the_backup_are_named_with_what_ends_them_again(tmp_path: Path) -> None:
    settings = deployment(tmp_path / "here")
    file = settings.keys_file
    file.unlink()
    for name in ("cms", "leaked", "renewed"):
        add_key(file, new_key(name, frozenset({"predict"}))[0])
    archive = create_backup(settings, tmp_path / "backups", NoProgress()).archive
    for name in ("leaked", "renewed"):
        remove_key(file, name)
    add_key(file, new_key("renewed", frozenset({"predict"}))[0])
    add_key(file, new_key("young", frozenset({"predict"}))[0])
    warnings = restore_backup(settings, archive, True, NoProgress()).warnings
    told = [told for told in warnings if "API key" in told]
    assert [told.split()[3] for told in told] == ["leaked", "renewed"]
    assert all(f"newsdesk keys revoke {name}." in one for name, one in zip(("leaked", "renewed"), told, strict=True))
    assert [key.name for key in read_keys(file)] == ["cms", "leaked", "renewed"]


@pytest.mark.parametrize("lost", [None, b"no keys", b"[1]", b"{}"])
def test_where_the_file_of_keys_is_lost_no_key_is_said_to_be_revoked(tmp_path: Path, lost: bytes | None) -> None:
    settings = deployment(tmp_path / "here")
    settings.keys_file.unlink()
    add_key(settings.keys_file, new_key("cms", frozenset({"predict"}))[0])
    archive = create_backup(settings, tmp_path / "backups", NoProgress()).archive
    settings.keys_file.unlink()
    if lost is not None:
        settings.keys_file.write_bytes(lost)
    assert not any("API key" in told for told in restore_backup(settings, archive, True, NoProgress()).warnings)


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
        "files/configs/.hidden.yaml",
        "files/spool/.hidden.jsonl",
        "files/spool/.bashrc",
        "files/inbox/" + "a" * 256,
        "files/inbox/" + "é" * 128,
        "files/inbox/" + "folder/" * 700 + "a",
        "files/pointer/champion.json/a",
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
    def added(files: Files, manifest: BackupManifest) -> BackupManifest:
        files[name] = b"theirs"
        return manifest

    refused(here, forged(archive, added), "Nothing was changed")


@pytest.mark.parametrize(
    ("names", "match"),
    [
        (("a", "a/b"), "both as a file and as a folder"),
        (("a/b/c", "a"), "both as a file and as a folder"),
        ((r"caf\xc3\xa9.csv", "café.csv"), "another name of one that it holds"),
    ],
)
def test_names_that_no_disk_has_beside_each_other_are_refused(
    here: Settings, archive: Path, names: tuple[str, str], match: str
) -> None:
    def added(files: Files, manifest: BackupManifest) -> BackupManifest:
        files |= {f"files/inbox/{name}": b"" for name in names}
        return manifest

    refused(here, forged(archive, added), match)


def test_two_manifests_are_refused(archive: Path, tmp_path: Path) -> None:
    twice = tmp_path / "twice.tar.gz"
    with tarfile.open(twice, "w:gz") as tar:
        for member in members(archive, None):
            data = member.content.read(member.size)
            for _ in range(1 + (member.name == MANIFEST)):
                info = tarfile.TarInfo(member.name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    with pytest.raises(BackupError, match=f"'{MANIFEST}' twice"):
        verify(twice, None)


def test_a_database_that_is_named_and_not_there_is_refused(here: Settings, archive: Path) -> None:
    def lost(files: Files, manifest: BackupManifest) -> BackupManifest:
        del files["databases/store.sqlite"]
        return manifest

    refused(here, forged(archive, lost), "does not hold it")


@pytest.mark.parametrize("spoilt", ["no database", "cut off", "without tables", "damaged"])
def test_a_database_that_is_not_sound_is_refused(here: Settings, archive: Path, tmp_path: Path, spoilt: str) -> None:
    def spoil(files: Files, manifest: BackupManifest) -> BackupManifest:
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


@pytest.mark.parametrize("name", ["store", "mlflow"])
@pytest.mark.parametrize("other", ["the other", "somebody's", "half of it"])
def test_a_sound_database_that_is_another_one_is_refused(
    here: Settings, archive: Path, tmp_path: Path, name: str, other: str
) -> None:
    def exchange(files: Files, manifest: BackupManifest) -> BackupManifest:
        store, mlflow = with_tables(tmp_path, *STORE), with_tables(tmp_path, *MLFLOW)
        files |= {"databases/store.sqlite": store, "databases/mlflow.sqlite": mlflow}
        files[f"databases/{name}.sqlite"] = {
            "the other": mlflow if name == "store" else store,
            "somebody's": with_tables(tmp_path, "evil"),
            "half of it": with_tables(tmp_path, *(STORE if name == "store" else MLFLOW)[:2]),
        }[other]
        return manifest.model_copy(update={"databases": {"store": "sqlite", "mlflow": "sqlite"}})

    refused(here, forged(archive, exchange), f"database {name} is not .* it has no table")


def test_databases_with_their_own_tables_are_taken_also_from_before_there_were_revisions(
    here: Settings, archive: Path, tmp_path: Path
) -> None:
    def older(files: Files, manifest: BackupManifest) -> BackupManifest:
        files["databases/store.sqlite"] = with_tables(tmp_path, "promotion_ledger")
        files["databases/mlflow.sqlite"] = with_tables(tmp_path, *MLFLOW)
        return manifest.model_copy(update={"databases": {"store": "sqlite", "mlflow": "sqlite"}})

    told = restore_backup(here, forged(archive, older), True, NoProgress()).warnings
    assert [warning for warning in told if "no database of MLflow" in warning] == []
    without = restore_backup(here, archive, True, NoProgress()).warnings
    assert [warning for warning in without if "no database of MLflow" in warning]


@pytest.mark.parametrize(
    ("lost", "named", "match"),
    [
        ("databases/", {}, "does not hold the store"),
        ("files/pointer/", {"store": "sqlite"}, "does not hold the champion.json"),
        ("files/bundles/", {"store": "sqlite"}, "does not hold the bundle 0000000000000000"),
    ],
)
def test_what_a_promoted_model_needs_is_there(
    here: Settings, archive: Path, lost: str, named: dict[str, str], match: str
) -> None:
    def lose(files: Files, manifest: BackupManifest) -> BackupManifest:
        manifest = promoted(files, manifest)
        for name in [name for name in files if name.startswith(lost)]:
            del files[name]
        return manifest.model_copy(update={"databases": named})

    restore_backup(here, forged(archive, promoted), True, NoProgress())
    refused(here, forged(archive, lose), match)


def test_a_backup_of_a_home_in_which_nothing_was_done_yet_is_restored(here: Settings, tmp_path: Path) -> None:
    """Those of older versions lack the store, too."""
    made = create_backup(settings_in(tmp_path / "new"), tmp_path / "new-backups", NoProgress())
    assert made.manifest.databases == {"store": "sqlite"}

    def without(files: Files, manifest: BackupManifest) -> BackupManifest:
        files.clear()
        return manifest.model_copy(update={"databases": {}})

    restore_backup(here, made.archive, True, NoProgress())
    restore_backup(here, forged(made.archive, without), True, NoProgress())


def test_a_backup_without_the_bundle_that_serves_says_so(tmp_path: Path) -> None:
    settings = deployment(tmp_path / "there")
    (settings.bundles / "champion.json").write_text(CHAMPION.model_dump_json(), encoding="utf-8")
    told = create_backup(settings, tmp_path / "backups", NoProgress()).warnings
    assert [warning for warning in told if "no restore takes this backup" in warning]


def test_what_is_restored_is_its_owners_alone_whatever_the_archive_says(here: Settings, archive: Path) -> None:
    """`forged` gives everything to everybody."""

    def added(files: Files, manifest: BackupManifest) -> BackupManifest:
        files["files/inbox/folder/news.csv"] = b""
        return manifest

    restore_backup(here, forged(archive, added), True, NoProgress())
    restored = [*here.home.rglob("*"), here.keys_file, here.config_dir / "model_config.yaml"]
    assert (here.home / "inbox" / "folder" / "news.csv") in restored
    assert [path for path in restored if path.stat().st_mode & 0o777 != (0o700 if path.is_dir() else 0o600)] == []


def test_the_lock_of_the_keys_is_their_owners_alone(tmp_path: Path) -> None:
    lock = tmp_path / ".keys.json.lock"
    lock.touch(0o644)
    add_key(tmp_path / "keys.json", new_key("desk", frozenset({"predict"}))[0])
    assert lock.stat().st_mode & 0o777 == 0o600


def test_a_plain_archive_is_refused_where_a_passphrase_is_set(archive: Path, tmp_path: Path) -> None:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("correct horse battery staple\n", encoding="utf-8")
    settings = deployment(tmp_path / "sealed", BACKUP_PASSPHRASE_FILE=str(passphrase))
    refused(settings, archive, "is not encrypted, though BACKUP_PASSPHRASE_FILE is set")
    sealed = create_backup(settings, tmp_path / "backups", NoProgress()).archive
    restore_backup(settings, sealed, True, NoProgress())


def test_keys_under_another_name_are_told_with_the_setting(here: Settings, archive: Path) -> None:
    def renamed(files: Files, manifest: BackupManifest) -> BackupManifest:
        files["files/keys/api_keys.json"] = files.pop("files/keys/keys.json")
        return manifest

    refused(here, forged(archive, renamed), "API_KEYS_FILE names keys.json")


def test_an_archive_is_written_and_read_whatever_names_files_have(here: Settings, tmp_path: Path) -> None:
    """As an inbox may hold them: each comes back under its own name."""
    inbox = here.home / "inbox"
    inbox.mkdir()
    names = [b"caf\xe9.csv", rb"caf\xe9.csv", rb"caf\\xe9.csv", rb"caf\x5cxe9.csv", "café.csv".encode()]
    names += [b"two\nlines.csv", b"[x].csv", rb"a\b.csv"]
    for name in names:
        (inbox / os.fsdecode(name)).write_bytes(name)
    made = create_backup(here, tmp_path / "odd", NoProgress())
    restore_backup(here, made.archive, True, NoProgress())
    assert {os.fsencode(path.name): path.read_bytes() for path in inbox.iterdir()} == {name: name for name in names}


@given(st.binary(max_size=20).filter(lambda name: b"\0" not in name))
def test_an_escaped_name_is_utf_8_and_leads_back_to_its_file(name: bytes) -> None:
    path = os.fsdecode(name)
    assert unescaped(escaped(path).encode("utf-8").decode("utf-8")) == path


@pytest.mark.parametrize("name", ["plain.csv", "café.csv", r"a\b.csv", r"a\x2fb", r"\x2e\x2e", r"a\\b"])
def test_names_in_older_archives_stay_as_they_are(name: str) -> None:
    assert unescaped(name) == name


def test_a_restored_store_can_be_read(here: Settings, archive: Path) -> None:
    restore_backup(here, archive, True, NoProgress())
    with closing(sqlite3.connect(here.home / "newsdesk.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert json.loads((here.bundles / "champion.json").read_text(encoding="utf-8")) == {}


def test_a_new_archive_is_private(tmp_path: Path) -> None:
    with open_archive_writer(tmp_path / "new.tar.gz", None):
        pass
    assert (tmp_path / "new.tar.gz").stat().st_mode & 0o777 == 0o600
