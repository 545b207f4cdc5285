"""`newsdesk keys`, the real command: who gets a key, what is shown of it, and how it ends."""

import json
import stat
import subprocess
import sys
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import pytest

from newsdesk.serving.security.key_ring import KeyRing
from newsdesk.serving.security.keys import ApiKey, parse_key
from tests.warm import warm_newsdesk


def keys(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [warm_newsdesk(), "keys", *arguments],
        cwd=folder,
        env={"NEWSDESK_HOME": str(folder / "var"), "PATH": ""} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def listed(folder: Path) -> list[dict[str, Any]]:
    done = keys(folder, "list", "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def known(file: Path, text: str) -> ApiKey | None:
    parts = parse_key(text)
    assert parts is not None
    return KeyRing(file).verify(*parts)


def test_a_key_is_printed_once_and_works_until_it_is_revoked(tmp_path: Path) -> None:
    file = tmp_path / "var" / "api_keys.json"
    made = keys(tmp_path, "create", "newsroom")
    assert made.returncode == 0, made.stderr
    text = made.stdout.strip()
    assert "cannot be shown again" in made.stderr
    found = known(file, text)
    assert found is not None
    assert (found.name, found.scopes, found.limit, found.expires_at) == ("newsroom", {"predict"}, None, None)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    for shown in (keys(tmp_path, "list").stdout, keys(tmp_path, "list", "--json").stdout):
        assert "newsroom" in shown
        assert text.split("_", 2)[2] not in shown
        assert found.hash not in shown

    revoked = keys(tmp_path, "revoke", "newsroom")
    assert (revoked.returncode, revoked.stdout) == (0, "The key newsroom is revoked.\n")
    assert known(file, text) is None
    assert listed(tmp_path) == []


def test_a_key_has_what_was_asked_for(tmp_path: Path) -> None:
    options = ["--scope", "monitor", "--scope", "predict", "--limit", "5/second;100/day", "--expires", "7", "--json"]
    made = json.loads(keys(tmp_path, "create", "grafana", *options).stdout)
    (kept,) = listed(tmp_path)
    assert made == kept | {"key": made["key"]}
    assert (kept["name"], kept["scopes"], kept["limit"]) == ("grafana", ["monitor", "predict"], "5/second;100/day")
    assert kept["expires_at"] > kept["created_at"]


def test_the_keys_are_kept_where_the_setting_says(tmp_path: Path) -> None:
    keys(tmp_path, "create", "newsroom", API_KEYS_FILE=str(tmp_path / "elsewhere" / "keys.json"))
    assert (tmp_path / "elsewhere" / "keys.json").exists()
    assert not (tmp_path / "var").exists()


def test_a_reader_without_keys_is_told_how_to_make_one(tmp_path: Path) -> None:
    assert keys(tmp_path, "list").stdout == "There is no key yet. Make one: newsdesk keys create NAME.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["create", "two words"], "cannot be the name of a key"),
        (["create", "new", "--scope", "everything"], "everything is no scope"),
        (["create", "new", "--limit", "often"], "Example: 50/second;100000/day"),
        (["create", "new", "--expires", "0"], "--expires"),
        (["create", "taken"], "a key named taken already"),
        (["revoke", "nobody"], "no key named nobody"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    keys(tmp_path, "create", "taken")
    before = listed(tmp_path)
    done = keys(tmp_path, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stdout == ""
    assert listed(tmp_path) == before


def test_two_commands_at_once_lose_no_key(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "newsdesk", "keys", "create"]
    environment = {"NEWSDESK_HOME": str(tmp_path / "var")}
    started = [
        subprocess.Popen([*command, f"key-{number}"], cwd=tmp_path, env=environment, stdout=DEVNULL, stderr=DEVNULL)
        for number in range(4)
    ]
    assert [process.wait(timeout=60) for process in started] == [0] * 4
    assert {one["name"] for one in listed(tmp_path)} == {f"key-{number}" for number in range(4)}


def test_a_key_that_an_administrator_vouches_for_is_shown_as_trusted(tmp_path: Path) -> None:
    made = keys(tmp_path, "create", "cms", "--scope", "feedback", "--trusted", "--json")
    assert (made.returncode, json.loads(made.stdout)["trusted"]) == (0, True), made.stderr
    assert keys(tmp_path, "create", "wire", "--scope", "feedback").returncode == 0
    assert [(key["name"], key["trusted"]) for key in listed(tmp_path)] == [("cms", True), ("wire", False)]
    shown = keys(tmp_path, "list").stdout.splitlines()
    assert ["trusted" in line for line in shown if "cms" in line or "wire" in line] == [True, False]
