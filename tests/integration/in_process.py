"""The command line, run in the process of the test, in a folder with a quick model to train."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from newsdesk.cli.app import app


@contextmanager
def quick_home(folder: Path) -> Iterator[Path]:
    """`folder` as the current one, with a home and a configuration of its own."""
    (folder / "configs").mkdir()
    (folder / "configs" / "model_config.yaml").write_text("models: {naive_bayes: {alpha: 0.5}}")
    with pytest.MonkeyPatch.context() as patch:
        for name, place in (("NEWSDESK_HOME", "var"), ("NEWSDESK_CONFIG_DIR", "configs")):
            patch.setenv(name, str(folder / place))
        patch.chdir(folder)
        yield folder


def newsdesk(*arguments: str) -> str:
    """What a command prints that succeeds."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def told(*arguments: str) -> dict[str, Any]:
    """The same for machines."""
    found: dict[str, Any] = json.loads(newsdesk(*arguments, "--json"))
    return found
