import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from newsdesk import atomic

# Runs the rest of the program until the given step: any opening, making, renaming or removing of a file.
DIE_AT_STEP = """
import os, signal, sys
from pathlib import Path
from newsdesk import atomic
step, target = int(sys.argv[1]), Path(sys.argv[2])
steps = 0
def count(event, arguments):
    global steps
    if event.partition(".")[0] in ("open", "os", "shutil", "tempfile"):
        steps += 1
        if steps == step:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
"""
WRITE_FOLDER = """
with atomic.new_folder(target) as draft:
    for name in "abc":
        (draft / name).write_text("new " + name)
"""
WRITE_TEXT = 'atomic.write_text(target, "new")'

OLD = {"a": "old a", "d": "old d"}
NEW = {"a": "new a", "b": "new b", "c": "new c"}


def survives_to(step: int, program: str, target: Path) -> bool:
    """Run `program`, killed at its n-th step; whether it ended by itself before that."""
    run = subprocess.run(
        [sys.executable, "-c", DIE_AT_STEP + program, str(step), str(target)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode in (0, -signal.SIGKILL), run.stderr
    return run.returncode == 0


def fill(folder: Path, content: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    for name, text in content.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def fail_half_way(target: Path, error: type[BaseException]) -> None:
    with atomic.new_folder(target) as draft:
        (draft / "a").write_text("half", encoding="utf-8")
        raise error


def seen_in(folder: Path) -> dict[str, str] | None:
    if not folder.is_dir():
        return None
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.iterdir())}


def test_a_folder_appears_only_when_it_is_full(tmp_path: Path) -> None:
    target = tmp_path / "made on the way" / "folder"
    with atomic.new_folder(target) as draft:
        (draft / "a").write_text("new a", encoding="utf-8")
        assert not target.exists()
    assert seen_in(target) == {"a": "new a"}
    assert list(target.parent.iterdir()) == [target]


def test_a_new_folder_replaces_the_old_one_with_all_its_files(tmp_path: Path) -> None:
    target = fill(tmp_path / "folder", OLD)
    with atomic.new_folder(target) as draft:
        (draft / "a").write_text("new a", encoding="utf-8")
        assert seen_in(target) == OLD
    assert seen_in(target) == {"a": "new a"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_folder_and_no_draft(error: type[BaseException], tmp_path: Path) -> None:
    target = fill(tmp_path / "folder", OLD)
    with pytest.raises(error):
        fail_half_way(target, error)
    assert seen_in(target) == OLD
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_nothing_where_nothing_was(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        fail_half_way(tmp_path / "folder", KeyError)
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_may_read_what_was_written_unless_it_is_said(tmp_path: Path) -> None:
    with atomic.new_folder(tmp_path / "folder") as draft:
        (draft / "a").touch(0o666)
    atomic.write_text(tmp_path / "file", "new")
    atomic.write_text(tmp_path / "page", "new", mode=0o644)
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("folder", "folder/a", "file", "page")}
    assert modes == {"folder": 0o700, "folder/a": 0o600, "file": 0o600, "page": 0o644}


def test_text_is_written_in_utf_8_in_place_of_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "made on the way" / "file"
    atomic.write_text(target, "a much longer old text")
    atomic.write_text(target, "naïve 新\n")
    assert target.read_bytes() == "naïve 新\n".encode()
    assert list(target.parent.iterdir()) == [target]


def test_who_has_the_old_text_open_reads_it_to_its_end(tmp_path: Path) -> None:
    target = tmp_path / "file"
    atomic.write_text(target, "old")
    with target.open(encoding="utf-8") as reader:
        atomic.write_text(target, "new")
        assert reader.read() == "old"
    assert target.read_text(encoding="utf-8") == "new"


def test_a_text_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "file"
    atomic.write_text(target, "old")
    with pytest.raises(UnicodeEncodeError):
        atomic.write_text(target, "new \ud800")
    assert target.read_text(encoding="utf-8") == "old"


def test_a_text_that_cannot_be_written_leaves_no_draft(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        atomic.write_text(tmp_path / "file", "new \ud800")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["old", None])
def test_a_text_whose_writer_is_killed_at_any_step_is_the_old_or_the_new(there: str | None, tmp_path: Path) -> None:
    step, seen = 0, []
    ended = False
    while not ended:
        step += 1
        target = tmp_path / str(step) / "file"
        if there is not None:
            atomic.write_text(target, there)
        ended = survives_to(step, WRITE_TEXT, target)
        seen.append(target.read_text(encoding="utf-8") if target.exists() else None)
    assert seen[0] == there
    assert seen[-1] == "new"
    assert set(seen) == {there, "new"}


def test_a_folder_whose_writer_is_killed_at_any_step_is_whole_or_not_there(tmp_path: Path) -> None:
    step, seen = 0, []
    ended = False
    while not ended:
        step += 1
        target = tmp_path / str(step) / "folder"
        ended = survives_to(step, WRITE_FOLDER, target)
        seen.append(seen_in(target))
    assert seen[0] is None
    assert seen[-1] == NEW
    assert all(content in (None, NEW) for content in seen)


def test_a_folder_whose_replacer_is_killed_at_any_step_is_never_half_of_anything(tmp_path: Path) -> None:
    step, seen = 0, []
    ended = False
    while not ended:
        step += 1
        target = fill(tmp_path / str(step) / "folder", OLD)
        ended = survives_to(step, WRITE_FOLDER, target)
        seen.append(seen_in(target))
    assert seen[0] == OLD
    assert seen[-1] == NEW
    assert [content for content in seen if content not in (None, OLD, NEW)] == []


def test_of_many_that_become_one_folder_at_once_each_succeeds_and_one_stays(tmp_path: Path) -> None:
    target = tmp_path / "folder"

    def put(number: int) -> None:
        for _ in range(20):
            with atomic.new_folder(target) as draft:
                (draft / "first").write_text(str(number))
                (draft / "second").write_text(str(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(8)))
    assert (target / "first").read_text() == (target / "second").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
