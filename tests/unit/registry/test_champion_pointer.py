import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.errors import RegistryError
from newsdesk.registry.champion_pointer import (
    POINTER,
    ChampionPointer,
    bundle_folder_name,
    read_champion_pointer,
    write_champion_pointer,
)

DIGEST = "sha256:" + "0123456789abcdef" * 4
CHAMPION = ChampionPointer(version="3", digest=DIGEST, bundle="0123456789abcdef")


def test_before_the_first_promotion_nobody_serves(tmp_path: Path) -> None:
    assert read_champion_pointer(tmp_path) is None
    assert read_champion_pointer(tmp_path / "not made yet") is None


def test_who_was_written_is_who_serves(tmp_path: Path) -> None:
    write_champion_pointer(tmp_path / "bundles", CHAMPION)
    assert read_champion_pointer(tmp_path / "bundles") == CHAMPION


def test_the_last_one_written_serves_and_no_draft_is_left(tmp_path: Path) -> None:
    write_champion_pointer(tmp_path, CHAMPION)
    newer = CHAMPION.model_copy(update={"version": "4"})
    write_champion_pointer(tmp_path, newer)
    assert read_champion_pointer(tmp_path) == newer
    assert [file.name for file in tmp_path.iterdir()] == [POINTER]


def test_the_pointer_is_json_that_other_programs_can_follow(tmp_path: Path) -> None:
    write_champion_pointer(tmp_path, CHAMPION)
    content = json.loads((tmp_path / "champion.json").read_text(encoding="utf-8"))
    assert content == {"version": "3", "digest": DIGEST, "bundle": "0123456789abcdef"}


def test_a_pointer_to_nobody_is_no_pointer(tmp_path: Path) -> None:
    write_champion_pointer(tmp_path, CHAMPION)
    write_champion_pointer(tmp_path, None)
    write_champion_pointer(tmp_path, None)
    assert read_champion_pointer(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b'{"version": "3", "digest"',
        b'{"version": "3", "digest": "sha256:0"}',
        b'{"version": 3, "digest": "sha256:0", "bundle": "0"}',
        b'{"version": "3", "digest": "sha256:0", "bundle": "0", "pickle": "x"}',
        b'{"version": "3", "digest": "sha256:0", "bundle": ""}',
        b'{"version": "3", "digest": "sha256:0", "bundle": ".."}',
        b'{"version": "3", "digest": "sha256:0", "bundle": "../elsewhere"}',
        b'{"version": "3", "digest": "sha256:0", "bundle": "/srv/elsewhere"}',
    ],
)
def test_a_damaged_pointer_is_refused_with_the_way_to_mend_it(content: bytes, tmp_path: Path) -> None:
    (tmp_path / POINTER).write_bytes(content)
    with pytest.raises(RegistryError, match=r"champion\.json is damaged\. Run `newsdesk models promote VERSION`"):
        read_champion_pointer(tmp_path)


@settings(deadline=None)
@given(digits=st.text("0123456789abcdef", min_size=64, max_size=64))
def test_a_bundle_is_kept_under_the_first_sixteen_digits_of_its_digest(digits: str) -> None:
    assert bundle_folder_name(f"sha256:{digits}") == digits[:16]


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../../../etc", DIGEST[:-1], DIGEST + "0", DIGEST.upper()])
def test_a_digest_that_is_none_has_no_folder(digest: str) -> None:
    with pytest.raises(RegistryError, match="is not the digest of a bundle"):
        bundle_folder_name(digest)
