import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from newsdesk.errors import ConfigError, UsageError
from newsdesk.serving.security.key_file import add_key, read_keys, remove_key, require_name
from newsdesk.serving.security.keys import new_key
from tests.unit.serving.security.builders import Desk


def test_what_was_added_is_read_back_in_its_order(tmp_path: Path) -> None:
    keys = [new_key(name, frozenset({"predict"}), "5/second", 3)[0] for name in ("b", "a")]
    for key in keys:
        add_key(tmp_path / "keys.json", key)
    assert read_keys(tmp_path / "keys.json") == keys


def test_where_there_is_no_file_there_are_no_keys(tmp_path: Path) -> None:
    assert read_keys(tmp_path / "keys.json") == []


def test_the_file_is_for_its_owner_alone_and_never_holds_a_secret(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "new folder")
    texts = [desk.key(name, "predict") for name in ("a", "b")]
    assert stat.S_IMODE(desk.file.stat().st_mode) == 0o600
    content = desk.file.read_text(encoding="utf-8")
    assert all(text.split("_", 2)[2] not in content for text in texts)


def test_a_removed_key_is_gone_and_the_others_stay(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for name in ("a", "b", "c"):
        desk.key(name)
    assert remove_key(desk.file, "b").name == "b"
    assert [key.name for key in read_keys(desk.file)] == ["a", "c"]


def test_a_name_is_taken_only_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.key("newsroom")
    with pytest.raises(UsageError, match=r"a key named newsroom already.*newsdesk keys revoke newsroom"):
        desk.key("newsroom")
    assert len(read_keys(desk.file)) == 1


def test_an_unknown_name_cannot_be_removed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no key named nobody.*newsdesk keys list"):
        remove_key(tmp_path / "keys.json", "nobody")


@pytest.mark.parametrize("name", ["", "two words", "-x", "a" * 65, "a\n", "ä", "anonymous:192.0.2.1"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a key"):
        require_name(name)


@pytest.mark.parametrize("name", ["a", "news-room_2.desk", "A" * 64])
def test_what_is_a_name_passes(name: str) -> None:
    require_name(name)


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe", b'[{"id": "0000000000000000", "hash": "TOP"}]'])
def test_a_damaged_file_is_named_and_not_repeated(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(damage)
    with pytest.raises(ConfigError) as caught:
        read_keys(path)
    assert str(path) in str(caught.value)
    assert "TOP" not in str(caught.value)


def test_a_damaged_file_is_not_overwritten_by_a_new_key(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.file.write_text("[", encoding="utf-8")
    with pytest.raises(ConfigError):
        desk.key("newsroom")
    assert desk.file.read_text(encoding="utf-8") == "["
    assert [path for path in tmp_path.iterdir() if path.suffix != ".lock"] == [desk.file]


def test_no_key_is_lost_when_several_processes_make_some_at_once(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from newsdesk.serving.security.key_file import add_key
from newsdesk.serving.security.keys import new_key
for number in range(10):
    add_key(Path(sys.argv[1]), new_key(f"{sys.argv[2]}-{number}", frozenset())[0])
"""
    path = tmp_path / "keys.json"
    started = [subprocess.Popen([sys.executable, "-c", script, str(path), str(writer)]) for writer in range(3)]
    assert [process.wait(timeout=60) for process in started] == [0, 0, 0]
    names = {one["name"] for one in json.loads(path.read_text(encoding="utf-8"))}
    assert names == {f"{writer}-{number}" for writer in range(3) for number in range(10)}
