import logging
import os
from pathlib import Path

import pytest

from newsdesk.errors import ConfigError
from newsdesk.serving.security.key_file import remove_key
from newsdesk.serving.security.key_ring import KeyRing
from newsdesk.serving.security.keys import ApiKey, parse_key
from tests.unit.serving.security.builders import Clock, Desk


def verified(ring: KeyRing, text: str) -> ApiKey | None:
    parts = parse_key(text)
    assert parts is not None
    return ring.verify(*parts)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_key_is_known_by_its_id_and_secret_together(desk: Desk) -> None:
    first, second = desk.key("first", "predict"), desk.key("second", "admin")
    ring = KeyRing(desk.file)
    found = verified(ring, first)
    assert found is not None
    assert found.name == "first"
    crossed = "_".join([*first.split("_", 2)[:2], second.split("_", 2)[2]])
    assert verified(ring, crossed) is None
    assert ring.verify("0" * 16, first.split("_", 2)[2]) is None


def test_nobody_is_known_where_there_is_no_file(tmp_path: Path, desk: Desk) -> None:
    text = desk.key("newsroom")
    assert verified(KeyRing(tmp_path / "none.json"), text) is None


def test_an_expired_key_is_no_key(desk: Desk) -> None:
    text = desk.key("newsroom", days=-1)
    ring = KeyRing(desk.file)
    assert verified(ring, text) is None
    assert ring.caller(text.split("_")[1]) is None


def test_new_and_revoked_keys_are_followed_within_a_second(desk: Desk, clock: Clock) -> None:
    old = desk.key("old")
    ring = KeyRing(desk.file, clock)
    new = desk.key("new")
    remove_key(desk.file, "old")
    clock.now = 0.9
    assert verified(ring, old) is not None
    assert verified(ring, new) is None
    clock.now = 1.0
    assert verified(ring, old) is None
    assert verified(ring, new) is not None


def test_a_file_made_later_is_found_and_one_removed_leaves_no_key(desk: Desk, clock: Clock) -> None:
    ring = KeyRing(desk.file, clock)
    text = desk.key("newsroom")
    clock.now = 1.0
    assert verified(ring, text) is not None
    desk.file.unlink()
    clock.now = 2.0
    assert verified(ring, text) is None


def test_a_file_of_the_same_size_and_time_is_still_seen_to_be_another(desk: Desk, clock: Clock) -> None:
    first = desk.key("a")
    seen = desk.file.stat()
    ring = KeyRing(desk.file, clock)
    other = Desk(desk.folder / "other")
    second = other.key("b")
    os.utime(other.file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert other.file.stat().st_size == seen.st_size
    other.file.replace(desk.file)
    clock.now = 1.0
    assert verified(ring, first) is None
    assert verified(ring, second) is not None


def test_a_damaged_file_leaves_the_last_good_keys_and_is_told_once(
    desk: Desk, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    text = desk.key("newsroom")
    good = desk.file.read_bytes()
    ring = KeyRing(desk.file, clock)
    desk.file.write_bytes(good[:-20])
    with caplog.at_level(logging.ERROR):
        for now in (1.0, 2.0, 3.0):
            clock.now = now
            assert verified(ring, text) is not None
    (told,) = caplog.records
    assert str(desk.file) in told.getMessage()
    desk.file.write_bytes(b"[]")
    clock.now = 4.0
    assert verified(ring, text) is None


def test_a_file_that_cannot_be_read_leaves_the_last_good_keys_until_it_can(
    desk: Desk, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    text = desk.key("newsroom")
    ring = KeyRing(desk.file, clock)
    good = desk.file.rename(desk.folder / "elsewhere.json")
    desk.file.mkdir()  # reading a folder fails for every user, root as well
    for now in (1.0, 2.0):
        clock.now = now
        assert verified(ring, text) is not None
    assert len(caplog.records) == 1
    desk.file.rmdir()
    good.rename(desk.file)
    remove_key(desk.file, "newsroom")
    clock.now = 3.0
    assert verified(ring, text) is None


def test_a_server_does_not_start_on_a_damaged_file(desk: Desk) -> None:
    desk.file.write_text("[", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        KeyRing(desk.file)
