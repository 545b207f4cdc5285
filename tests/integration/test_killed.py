"""Killed at any moment of the step that writes, the main job can simply be run again."""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from newsdesk.model.bundle_files import load_bundle
from newsdesk.registry.champion_pointer import read_champion_pointer
from newsdesk.registry.mlflow_registry import MlflowRegistry
from tests.builders import QUICK_MODELS, sample_rows, settings_in, write_csv
from tests.warm import warm_newsdesk

LAST_STEP_BEFORE_WRITING = "on train and validation"


def start(folder: Path) -> subprocess.Popen[str]:
    command = [warm_newsdesk(), "run", "--no-serve", "--json", "--data", "articles.csv"]
    environment = os.environ | {"NEWSDESK_HOME": str(folder / "var")}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("seconds_into_it", [0.0, 0.5, 1.0])
def test_a_job_killed_while_it_registers_is_finished_by_the_next(tmp_path: Path, seconds_into_it: float) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "model_config.yaml").write_text(QUICK_MODELS, encoding="utf-8")
    write_csv(tmp_path / "articles.csv", sample_rows(40))
    with start(tmp_path) as killed:
        assert killed.stderr is not None
        for line in killed.stderr:
            if LAST_STEP_BEFORE_WRITING in line:
                break
        time.sleep(seconds_into_it)
        killed.kill()

    settings = settings_in(tmp_path)
    pointer = read_champion_pointer(settings.bundles)
    if pointer is not None:  # whatever the pointer names can be served
        assert load_bundle(settings.bundles / pointer.bundle).digest == pointer.digest

    with start(tmp_path) as again:
        said, complained = again.communicate(timeout=120)
    assert again.returncode == 0, complained
    champion = MlflowRegistry(settings).holder("champion")
    pointer = read_champion_pointer(settings.bundles)
    assert champion is not None
    assert pointer is not None
    assert (pointer.version, pointer.digest) == (champion.version, champion.digest)
    assert json.loads(said)["champion"]["digest"] == champion.digest
    drafts = [path for path in (tmp_path / "var" / "datasets").iterdir() if path.name.startswith(".")]
    assert drafts == []
