"""The scripts that wrap commands: sound shell, with help, and they do what they say."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.restoring import Newsroom
from tests.stack.running import put_in_charge
from tests.warm import warm_newsdesk

SCRIPTS = Path(__file__).parents[2] / "scripts"


def test_every_script_is_sound_shell(missing: Callable[[str], None]) -> None:
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        missing("shellcheck")
    scripts = sorted(SCRIPTS.glob("*.sh"))
    assert scripts
    done = subprocess.run([str(shellcheck), *scripts], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["backup_data.sh", "restore_data.sh"])
def test_a_script_tells_how_it_is_used(name: str) -> None:
    done = subprocess.run([SCRIPTS / name, "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: scripts/{name}")


def test_what_the_one_script_saves_the_other_brings_back(tmp_path: Path) -> None:
    newsroom = Newsroom(tmp_path, {"NEWSDESK_HOME": str(tmp_path / "var")}, {})
    put_in_charge(newsroom.settings.home)
    environment = os.environ | newsroom.environment | {"NEWSDESK_COMMAND": warm_newsdesk()}
    environment |= {"NEWSDESK_CONFIG_DIR": str(tmp_path / "configs")}
    saved = subprocess.run(
        [SCRIPTS / "backup_data.sh", "my backups"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert saved.returncode == 0, saved.stderr
    assert "is whole" in saved.stdout
    shutil.rmtree(newsroom.settings.home)
    archive = next((tmp_path / "my backups").iterdir())
    restored = subprocess.run(
        [SCRIPTS / "restore_data.sh", archive.relative_to(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert "as it was trained to" in restored.stdout
