"""Backup and restore of everything embedded, by the commands, and what may come between."""

import gzip
import json
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from newsdesk.operations.maintenance_lock import LOCK
from newsdesk.registry.champion_pointer import (
    ChampionPointer,
    bundle_folder_name,
    read_champion_pointer,
    write_champion_pointer,
)
from newsdesk.store.database import open_store
from newsdesk.store.ledger import LedgerEntry, append, entries
from newsdesk.store.records import as_json
from newsdesk.store.spool import Spool
from tests.restoring import Newsroom, drill
from tests.stack.running import column, put_in_charge, serving
from tests.unit.store.rows import feedback
from tests.waiting import eventually

if TYPE_CHECKING:
    from newsdesk.model.bundle import Bundle

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    """A folder in which nothing is yet."""
    return newsroom_in(tmp_path)


def newsroom_in(folder: Path, **backing_up: str) -> Newsroom:
    backups = {"NEWSDESK_BACKUPS": str(folder / "backups")}
    return Newsroom(folder, {"NEWSDESK_HOME": str(folder / "var")}, backups | backing_up)


def snapshot(home: Path) -> dict[str, bytes]:
    """Every file that is no database and not hidden, by its path."""
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and ".db" not in path.name and not path.name.startswith(".")
    }


def test_all_that_was_acknowledged_before_a_backup_under_load_comes_back_after_everything_is_lost(
    newsroom: Newsroom,
) -> None:
    drill(newsroom, lambda: shutil.rmtree(newsroom.settings.home), lambda: None)


def test_feedback_that_waits_for_the_store_is_in_the_backup(newsroom: Newsroom) -> None:
    put_in_charge(newsroom.settings.home)
    waiting = feedback()
    Spool(newsroom.settings.spool, "feedback", 10**6).append([as_json(waiting)], durable=True)
    archive = newsroom.back_up()
    shutil.rmtree(newsroom.settings.home)
    newsroom.run("restore", str(archive))
    with serving(newsroom.folder, newsroom.settings.home):
        eventually(lambda: column(newsroom.settings.database, "feedback") == [waiting.id], "it reaches the store")


def test_a_backup_holds_the_bundle_of_every_promotion_in_it_though_models_are_promoted_meanwhile(
    newsroom: Newsroom, first: "Bundle", second: "Bundle"
) -> None:
    """The pointer moves to and fro while backups are made; each archive has what its own pointer names."""
    home = newsroom.settings.home
    put_in_charge(home, "1", 1.0)
    put_in_charge(home, "2", 0.1)
    both = sorted(path.name for path in (home / "bundles").iterdir() if path.is_dir())
    with newsroom.start("backup") as running:
        while running.poll() is None:
            for folder in both:
                digest = json.loads((home / "bundles" / folder / "bundle.json").read_bytes())["digest"]
                write_champion_pointer(home / "bundles", ChampionPointer(version="1", digest=digest, bundle=folder))
    archive = next((newsroom.folder / "backups").glob("*.tar.gz"))
    shutil.rmtree(home)
    newsroom.run("restore", str(archive))
    pointer = read_champion_pointer(home / "bundles")
    assert pointer is not None
    assert bundle_folder_name(pointer.digest) == pointer.bundle
    assert (home / "bundles" / pointer.bundle / "bundle.json").is_file()


def test_what_is_there_is_replaced_only_where_yes_is_said(newsroom: Newsroom) -> None:
    put_in_charge(newsroom.settings.home)
    archive = newsroom.back_up()
    before = snapshot(newsroom.settings.home)
    extra = newsroom.settings.home / "datasets" / "later" / "manifest.json"
    extra.parent.mkdir(parents=True)
    extra.write_text("{}", encoding="utf-8")
    refused = newsroom.run("restore", str(archive), code=1)
    assert "add --yes" in refused.stderr
    assert extra.is_file()
    newsroom.run("restore", str(archive), "--yes")
    assert snapshot(newsroom.settings.home) == before


def test_a_configuration_that_cannot_be_written_stays_and_the_rest_is_restored(
    newsroom: Newsroom, missing: Callable[[str], None]
) -> None:
    """As in a container, whose configuration is a part of its image."""
    if not shutil.which("bwrap"):
        missing("bwrap")
    configuration = newsroom.folder / "configs"
    shutil.copytree("configs", configuration)
    put_in_charge(newsroom.settings.home)
    before = snapshot(newsroom.settings.home)
    archive = newsroom.back_up()
    shutil.rmtree(newsroom.settings.home)
    sandbox = ("bwrap", "--dev-bind", "/", "/", "--ro-bind", str(configuration), str(configuration))
    restored = newsroom.run("restore", str(archive), inside=sandbox)
    assert "stays as it is" in restored.stderr + restored.stdout
    assert snapshot(newsroom.settings.home) == before


def test_a_flipped_byte_is_found_before_anything_is_touched(newsroom: Newsroom) -> None:
    put_in_charge(newsroom.settings.home)
    archive = newsroom.back_up()
    content = archive.read_bytes()
    shutil.rmtree(newsroom.settings.home)
    for place in range(20, len(content), len(content) // 25):
        archive.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        refused = newsroom_verify(newsroom, archive)
        if refused is None:  # another way to compress the same bytes: a repetition of other zeros
            assert gzip.decompress(archive.read_bytes()) == gzip.decompress(content), place
        else:
            assert "Take another" in refused or "Update" in refused
    archive.write_bytes(content[: len(content) // 2] + bytes(8) + content[len(content) // 2 + 8 :])
    assert "Take another" in newsroom.run("restore", str(archive), code=1).stderr
    assert not (newsroom.settings.home / "bundles").exists()


def newsroom_verify(newsroom: Newsroom, archive: Path) -> str | None:
    """What is wrong with an archive, asked in this process: a command takes half a second."""
    from newsdesk.operations.backup.archive import verify
    from newsdesk.operations.backup.error import BackupError

    try:
        verify(archive, None)
    except BackupError as error:
        return str(error)
    return None


def test_an_archive_that_was_cut_off_is_refused(newsroom: Newsroom) -> None:
    put_in_charge(newsroom.settings.home)
    archive = newsroom.back_up()
    content = archive.read_bytes()
    for length in (0, 10, len(content) // 2, len(content) - 1):
        archive.write_bytes(content[:length])
        assert newsroom_verify(newsroom, archive) is not None, length


def test_an_encrypted_backup_needs_its_passphrase(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    newsroom = newsroom_in(tmp_path, BACKUP_PASSPHRASE_FILE="passphrase")
    put_in_charge(newsroom.settings.home)
    before = snapshot(newsroom.settings.home)
    archive = newsroom.back_up()
    assert archive.name.endswith(".tar.gz.encrypted")
    assert b"champion.json" not in archive.read_bytes()
    shutil.rmtree(newsroom.settings.home)

    (tmp_path / "passphrase").write_text("another passphrase\n", encoding="utf-8")
    wrong = newsroom.run("restore", str(archive), code=1)
    assert wrong.stderr.splitlines()[-1] == (
        f"newsdesk: {archive} was encrypted with another passphrase. Correct BACKUP_PASSPHRASE_FILE."
    )
    without = newsroom_in(tmp_path).run("restore", str(archive), code=1)
    assert "is encrypted. Let BACKUP_PASSPHRASE_FILE name" in without.stderr

    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    newsroom.run("restore", str(archive))
    assert snapshot(newsroom.settings.home) == before


def test_a_second_backup_at_the_same_time_says_so(newsroom: Newsroom) -> None:
    put_in_charge(newsroom.settings.home)
    with FileLock(newsroom.settings.home / LOCK):
        refused = newsroom.run("backup", code=1)
    assert "Another backup, restore or prune" in refused.stderr
    newsroom.back_up()


def test_a_killed_backup_leaves_nothing_that_looks_whole_and_the_next_one_clears_it_away(newsroom: Newsroom) -> None:
    put_in_charge(newsroom.settings.home)
    make_it_last(newsroom)
    backups = newsroom.folder / "backups"
    killed = newsroom.start("backup")
    kill_when(killed, lambda: any(path.stat().st_size > 10**6 for path in backups.glob(".backup-*/*.tar.gz")))
    assert [path for path in backups.iterdir() if not path.name.startswith(".")] == []
    archive = newsroom.back_up()
    assert list(backups.iterdir()) == [archive]
    newsroom.run("backup", "--verify", str(archive))


@pytest.mark.parametrize("moment", ["var/inbox/.restore-inbox/new/large.bin", "var/.restoring.json"])
def test_a_killed_restore_is_finished_by_the_same_command(newsroom: Newsroom, moment: str) -> None:
    put_in_charge(newsroom.settings.home)
    newsroom.run("models", "ledger")
    make_it_last(newsroom)
    before = snapshot(newsroom.settings.home)
    archive = newsroom.back_up()
    shutil.rmtree(newsroom.settings.home)
    killed = newsroom.start("restore", str(archive))
    kill_when(killed, lambda: (newsroom.folder / moment).exists())
    newsroom.run("restore", str(archive))
    assert snapshot(newsroom.settings.home) == before
    assert [path.name for path in newsroom.settings.home.rglob(".restor*")] == []


def make_it_last(newsroom: Newsroom) -> None:
    """Enough that a process can be killed in the middle."""
    inbox = newsroom.settings.home / "inbox"
    inbox.mkdir(exist_ok=True)
    with (inbox / "large.bin").open("wb") as file, Path("/dev/urandom").open("rb") as noise:
        for _ in range(60):
            file.write(noise.read(10**6))


def kill_when(process: subprocess.Popen[str], moment: Callable[[], bool]) -> None:
    while not moment():
        assert process.poll() is None, process.communicate()
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_old_backups_are_removed_and_the_newest_never(newsroom: Newsroom) -> None:
    put_in_charge(newsroom.settings.home)
    backups = newsroom.folder / "backups"
    backups.mkdir()
    before = "newsdesk-20200112T000000000000Z.tar.gz"
    for name in ("newsdesk-20200101T000000000000Z.tar.gz", before, "mine.tar.gz"):
        (backups / name).touch()
    archive = newsroom.back_up()
    assert {path.name for path in backups.iterdir()} == {archive.name, before, "mine.tar.gz"}


def test_a_restored_ledger_still_only_grows(newsroom: Newsroom, tmp_path: Path) -> None:
    newsroom.settings.home.mkdir()
    store = open_store(newsroom.settings.database)
    append(store, LedgerEntry(datetime.now(UTC), "desk", "promote", "promoted", None, "1", "sha256:0", "first", {}))
    archive = newsroom.back_up()
    shutil.rmtree(newsroom.settings.home)
    newsroom.run("restore", str(archive))
    store = open_store(newsroom.settings.database)
    assert len(entries(store)) == 1
    with (
        closing(sqlite3.connect(newsroom.settings.home / "newsdesk.db")) as database,
        pytest.raises(sqlite3.IntegrityError, match="only grows"),
    ):
        database.execute("DELETE FROM promotion_ledger")
