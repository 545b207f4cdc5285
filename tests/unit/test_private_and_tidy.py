"""What Newsdesk keeps is its own user's alone, drafts of killed commands go, and a wrong clock takes no backups."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk import atomic
from newsdesk.operations.backup.create import create_backup
from newsdesk.operations.backup.retention import PLAIN, archive_name, remove_old
from newsdesk.operations.maintenance_lock import only_maintenance
from newsdesk.pipeline.ingest import ingest
from newsdesk.pipeline.lock import only_promoter, only_writer
from newsdesk.pipeline.progress import NoProgress
from newsdesk.private_files import keep_private
from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.store.database import open_store
from newsdesk.store.migration_status import read_status
from tests.builders import sample_rows, settings_in, write_csv
from tests.unit.store.rows import prediction
from tests.waiting import eventually

HOUR = 3600
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _the_usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    return [str(path) for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077]


def test_all_that_commands_make_is_for_their_user_alone(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    settings.config_dir.mkdir()
    open_store(settings.database).dispose()
    table = write_csv(tmp_path / "news.csv", sample_rows(10))
    ingest(str(table), None, settings, NoProgress())
    create_backup(settings, settings.backups, NoProgress())
    assert len(list(settings.home.rglob("*"))) > 8
    assert open_to_others(settings.home) == []


def test_a_command_of_the_shell_makes_private_files_too(tmp_path: Path, empty_database: Path) -> None:
    home = tmp_path / "var"
    done = subprocess.run(
        [sys.executable, "-m", "newsdesk", "models", "ledger"],
        cwd=tmp_path,
        env=os.environ | {"NEWSDESK_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (home / "newsdesk.db").is_file()
    assert open_to_others(home) == open_to_others(empty_database) == []


def test_a_store_that_is_only_looked_for_is_not_made(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert read_status(settings.database).condition == "empty"
    assert not (settings.home / "newsdesk.db").exists()


def test_a_home_of_before_is_closed_by_the_next_command(tmp_path: Path) -> None:
    for number, command in enumerate((only_writer, only_promoter, only_maintenance)):
        home = tmp_path / str(number)
        home.mkdir(mode=0o755)
        with command(home):
            assert home.stat().st_mode & 0o777 == 0o700


def test_a_folder_for_everybody_stays_one(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    keep_private(tmp_path)
    assert tmp_path.stat().st_mode & 0o7777 == 0o1777


def aged(path: Path, seconds: float) -> Path:
    for one in (*path.rglob("*"), path):
        moment = one.stat().st_mtime - seconds
        os.utime(one, (moment, moment))
    return path


KILLED = """
import os, signal, sys
from pathlib import Path
from newsdesk import atomic
with atomic.new_folder(Path(sys.argv[1])) as draft:
    (draft / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_drafts_of_killed_commands_are_removed_by_a_later_one_and_those_of_others_stay(tmp_path: Path) -> None:
    for folder in ("datasets", "plans/3f9c2a1b"):
        done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / folder / "made")], check=False)
        assert done.returncode == -signal.SIGKILL
    drafts = [path for path in tmp_path.rglob(".made-*") if path.is_dir()]
    assert len(drafts) == 2
    pointer = tmp_path / "bundles" / ".champion.json-abcd1234"
    pointer.parent.mkdir()
    pointer.touch()
    with only_writer(tmp_path):
        assert all(path.exists() for path in (*drafts, pointer))  # they may be somebody's who is at work
    for path in (*drafts, pointer):
        aged(path, 2 * HOUR)
    hidden = tmp_path / "datasets" / ".gitkeep"
    hidden.touch()
    aged(hidden, 2 * HOUR)
    with only_writer(tmp_path):
        assert [path for path in (*drafts, pointer, hidden) if path.exists()] == [hidden]


def test_drafts_dated_by_a_clock_of_the_future_are_removed_too(tmp_path: Path) -> None:
    draft = tmp_path / "bundles" / ".abc-abcd1234"
    draft.mkdir(parents=True)
    aged(draft, -1000 * HOUR)
    atomic.clear_drafts(draft.parent)
    assert not draft.exists()


def test_what_was_to_be_replaced_when_its_command_was_killed_is_put_back(tmp_path: Path) -> None:
    old = tmp_path / ".batch-abcd1234-old"
    old.mkdir()
    (old / "articles").write_text("the only ones", encoding="utf-8")
    aged(old, 2 * HOUR)
    atomic.clear_drafts(tmp_path)
    assert (tmp_path / "batch" / "articles").read_text(encoding="utf-8") == "the only ones"


def test_a_future_clock_prunes_no_backup_of_today(tmp_path: Path) -> None:
    for days in range(5):
        (tmp_path / archive_name(NOW - timedelta(days=days), PLAIN)).touch()
    future = NOW.replace(year=2040)
    (tmp_path / archive_name(future, PLAIN)).touch()
    assert remove_old(tmp_path, future, 7) == []
    assert len(list(tmp_path.iterdir())) == 6


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=30, unique=True),
    st.integers(0, 14),
    st.integers(-4000, 4000),
)
def test_whatever_the_clock_says_the_last_two_backups_stay_and_at_the_right_time_old_ones_go(
    tmp_path_factory: pytest.TempPathFactory, ages: list[int], days: int, wrong_by: int
) -> None:
    folder = tmp_path_factory.mktemp("backups")
    for age in ages:
        (folder / archive_name(NOW - timedelta(days=age), PLAIN)).touch()
    now = NOW + timedelta(days=wrong_by, hours=1)
    made = folder / archive_name(now, PLAIN)
    made.touch()
    remove_old(folder, now, days)
    left = {path.name for path in folder.iterdir()}
    assert made.name in left
    if wrong_by >= 0:
        newest = min(ages)
        assert archive_name(NOW - timedelta(days=newest), PLAIN) in left
        assert left == {made.name} | {archive_name(NOW - timedelta(days=a), PLAIN) for a in ages if a - newest <= days}


def test_while_sqlite_is_locked_answers_are_on_disk_within_a_second_and_reach_the_store_later(tmp_path: Path) -> None:
    """What is there when a server is killed is not lost."""
    settings = settings_in(tmp_path)
    open_store(settings.database).dispose()
    log = PredictionLog(settings.database, settings.spool, on_event=lambda *_: None)
    log.start()
    said = [prediction() for _ in range(20)]
    with closing(sqlite3.connect(settings.home / "newsdesk.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for one in said:
            log.record(one)
        begun = time.monotonic()
        eventually(lambda: lines(settings.spool) == len(said), "they are on disk", 8)
        assert time.monotonic() - begun < 5  # a second on an idle machine, ten by SQLite's own patience
        assert log.is_store_up
        other.execute("ROLLBACK")
    eventually(lambda: log.written == len(said), "they are in the store")
    log.stop(10)


def lines(spool: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in spool.glob("predictions-*"))
