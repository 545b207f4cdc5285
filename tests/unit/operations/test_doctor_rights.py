"""What the doctor says of folders and files that others can get at, on real files."""

import shlex
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.config.settings import Settings
from newsdesk.operations.doctor.examination import groups
from newsdesk.operations.doctor.finding import Finding
from newsdesk.private_files import keep_private
from newsdesk.serving.security.signing_secret import require_strong_secret
from tests.builders import settings_in
from tests.unit.operations.test_doctor import NOW


@pytest.fixture
def newsroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home and secrets as Newsdesk makes them, a passphrase and a folder of backups beside them."""
    monkeypatch.chdir(tmp_path)
    beside = {"BACKUP_PASSPHRASE_FILE": str(tmp_path / "passphrase"), "NEWSDESK_BACKUPS": str(tmp_path / "backups")}
    settings = settings_in(tmp_path, **beside)
    for folder in (settings.home, settings.backups):
        folder.mkdir(mode=0o700)
    for file in files_of(settings):
        file.touch(0o600)
    return settings


def files_of(settings: Settings) -> list[Path]:
    assert settings.backup_passphrase_file
    return [Path(".env"), settings.keys_file, settings.backup_passphrase_file]


def told(settings: Settings) -> list[Finding]:
    known = groups(settings, require_strong_secret, NOW)
    return [one for name in ("permissions", "secrets") for one in known[name]() if one.level != "ok"]


def mended(settings: Settings) -> list[Finding]:
    """What is left once everything that the doctor advises was done."""
    for finding in told(settings):
        subprocess.run(shlex.split(finding.fix), check=True)
    return told(settings)


def test_what_newsdesk_makes_is_nobody_elses(newsroom: Settings) -> None:
    keep_private(newsroom.home)
    assert told(newsroom) == []


@pytest.mark.parametrize("which", [lambda s: s.home, lambda s: s.backups], ids=["home", "backups"])
@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o770, 0o777])
def test_a_folder_that_others_can_enter_is_named_with_the_chmod_that_mends_it(
    newsroom: Settings, which: Callable[[Settings], Path], mode: int
) -> None:
    folder = which(newsroom)
    folder.chmod(mode)
    (found,) = told(newsroom)
    assert (found.check, found.level, found.fix) == ("permissions", "warning", f"chmod 700 {folder}")
    assert f"{mode:04o}" in found.message
    assert mended(newsroom) == []


@pytest.mark.parametrize("which", [0, 1, 2], ids=["the environment", "API keys", "the passphrase"])
@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (0o640, "Every user of its group can read"),
        (0o620, "Every user of its group can write"),
        (0o644, "Every user of this machine can read"),
        (0o602, "Every user of this machine can write"),
    ],
)
def test_a_file_of_secrets_that_others_can_read_or_write_is_named_with_the_chmod_that_mends_it(
    newsroom: Settings, which: int, mode: int, words: str
) -> None:
    file = files_of(newsroom)[which]
    file.chmod(mode)
    (found,) = told(newsroom)
    assert (found.check, found.message, found.fix) == ("secrets", f"{words} {file}.", f"chmod 600 {file}")
    assert mended(newsroom) == []


@settings(max_examples=20)
@given(mode=st.integers(0, 0o777))
def test_of_any_mode_others_have_no_right_once_the_advice_was_followed(
    mode: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = settings_in(tmp_path_factory.mktemp("newsroom"))
    found.home.mkdir(mode=0o700)
    found.keys_file.touch()
    found.keys_file.chmod(mode)
    known = groups(found, require_strong_secret, NOW)
    for finding in [one for one in known["secrets"]() if str(found.keys_file) in one.message]:
        subprocess.run(shlex.split(finding.fix), check=True)
    assert not stat.S_IMODE(found.keys_file.stat().st_mode) & 0o077


def test_a_secret_that_its_group_lends_to_the_user_we_run_as_is_fine(
    newsroom: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.keys_file.chmod(0o640)
    monkeypatch.setattr("newsdesk.operations.doctor.secrets.os.geteuid", lambda: newsroom.keys_file.stat().st_uid + 1)
    assert told(newsroom) == []
