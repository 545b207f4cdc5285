"""Builds of Newsdesk, run for real in the environment of today: this one, and an earlier one from the history."""

import json
import os
import subprocess
import sys
import tarfile
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.stack.running import Server, serving

ROOT = Path(__file__).parents[2]
EARLIER = "963b8eb"  # the commit of the newest build whose homes are out there

# Many commands in one process, for each would import MLflow anew. {plan} stands for the only plan that there is.
_COMMANDS = """
import contextlib, io, json, os, sys
from pathlib import Path
import newsdesk
from newsdesk.cli.app import app
assert newsdesk.__file__.startswith(sys.argv[1]), newsdesk.__file__
printed = []
for arguments in json.loads(sys.argv[2]):
    plans = [path.name for path in (Path(os.environ["NEWSDESK_HOME"]) / "plans").glob("*")]
    arguments = [argument.format(plan="".join(plans)) for argument in arguments]
    with contextlib.redirect_stdout(io.StringIO()) as output:
        assert app(arguments, standalone_mode=False) in (None, 0), (arguments, output.getvalue())
    printed.append(output.getvalue())
print(json.dumps(printed))
"""


def is_in_history(commit: str) -> bool:
    """Whether this clone knows a commit: a shallow one does not, and a source archive has no history at all."""
    asked = ["git", "-C", str(ROOT), "cat-file", "-e", f"{commit}^{{commit}}"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def unpack(commit: str, folder: Path) -> Path:
    """Put its source into `folder`; where it can be imported from."""
    archived = ["git", "-C", str(ROOT), "archive", commit, "src"]
    content = subprocess.run(archived, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"


@dataclass(frozen=True)
class Build:
    """The commands and the server of a build, with the settings of a deployment in `folder`."""

    source: Path
    folder: Path
    settings: dict[str, str]

    def run(self, *commands: str) -> list[str]:
        """What commands print, one after another, each of which must end well."""
        arguments = json.dumps([command.split() for command in commands])
        done = subprocess.run(
            [sys.executable, "-c", _COMMANDS, str(self.source), arguments],
            cwd=self.folder,
            env=os.environ | self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return list(json.loads(done.stdout.splitlines()[-1]))

    def told(self, *commands: str) -> list[Any]:
        """What commands print for machines."""
        return [json.loads(output) for output in self.run(*(f"{command} --json" for command in commands))]

    def behind_a_proxy(self) -> "Build":
        """Its commands, where the environment names a proxy that leads nowhere."""
        return replace(self, settings=self.settings | {"HTTP_PROXY": "http://127.0.0.1:9"})

    def serving(self) -> AbstractContextManager[Server]:
        return serving(self.folder, Path(self.settings["NEWSDESK_HOME"]), **self._environment)

    @property
    def _environment(self) -> dict[str, str]:
        return self.settings | {"PYTHONPATH": str(self.source)}
