"""The restore drill: what a newsroom must not lose, told before a disaster and after it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from newsdesk.config.settings import Settings
from newsdesk.registry.champion_pointer import read_champion_pointer
from newsdesk.registry.reader import open_reader
from newsdesk.store.database import open_store
from newsdesk.store.ledger import LedgerEntry, entries
from tests.stack.load import known_answers, marked_texts, under_load
from tests.stack.running import column, predictor, register, serving
from tests.waiting import PATIENCE, eventually
from tests.warm import warm_newsdesk

ALPHAS = {"1": 1.0, "2": 0.1}
TEXTS = marked_texts(50)


@dataclass(frozen=True)
class Kept:
    """All that must be the same after a restore."""

    champion: str
    aliases: dict[str, tuple[str, ...]]
    ledger: list[LedgerEntry]


@dataclass(frozen=True)
class Newsroom:
    """A folder in which commands run, with the settings of a deployment; `backing_up` are those of backup and restore
    alone."""

    folder: Path
    environment: Mapping[str, str]
    backing_up: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(dict(self.environment))

    def run(self, *arguments: str, code: int = 0, inside: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """A command in a process of its own, which must end with that exit code; `inside` is what it is started by."""
        command = [*inside, sys.executable, "-m", "newsdesk"] if inside else [warm_newsdesk()]
        done = subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            env=os.environ | self.environment | self.backing_up,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The same, not waited for."""
        return subprocess.Popen(
            [sys.executable, "-m", "newsdesk", *arguments],
            cwd=self.folder,
            env=os.environ | self.environment | self.backing_up,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def back_up(self) -> Path:
        """Make a backup; the archive."""
        return self.folder / str(json.loads(self.run("backup", "--json").stdout)["archive"])

    def train_and_promote(self) -> None:
        """Two versions, each in charge for a while: the second one at last."""
        for version, alpha in ALPHAS.items():
            assert register(self.settings, alpha) == version
            self.run("models", "promote", version, "--reason", f"the drill wants {version}")

    def look(self) -> Kept:
        """What the deployment knows now."""
        pointer, reader = read_champion_pointer(self.settings.bundles), open_reader(self.settings)
        assert pointer is not None
        assert reader is not None
        store = open_store(self.settings.database)
        try:
            versions = {version.version: version.aliases for version in reader.versions()}
            return Kept(pointer.digest, versions, entries(store))
        finally:
            store.dispose()


def drill(newsroom: Newsroom, wipe: Callable[[], None], start_again: Callable[[], None]) -> None:
    """Back up under load, lose everything, restore, and find all that must not be lost."""
    newsroom.train_and_promote()
    known = known_answers({version: predictor(alpha) for version, alpha in ALPHAS.items()}, TEXTS)
    before = newsroom.look()
    with serving(newsroom.folder, newsroom.settings.home, **newsroom.environment) as server:
        answered = answers(server.address)
        with under_load(server.port, known, connections=4, pause=0.01, editors=2) as tally:
            tally.wait_for_feedback()
            acknowledged = set(tally.feedback)
            archive = newsroom.back_up()
            tally.wait_for_feedback(5)
        tally.check("backup under load")
        assert len(tally.feedback) > len(acknowledged)
        eventually(server.log_is_written, "the log is written")

    wipe()
    newsroom.run("restore", str(archive))
    start_again()

    assert newsroom.look() == before
    kept = set(column(newsroom.settings.database, "feedback"))
    print(  # noqa: T201 - a figure of the run, to be read with `pytest -s`
        f"{len(acknowledged)} acknowledged before the backup, {len(kept)} restored, {archive.stat().st_size:,} bytes"
    )
    assert acknowledged <= kept
    with serving(newsroom.folder, newsroom.settings.home, **newsroom.environment) as server:
        assert answers(server.address) == answered


def answers(address: str) -> list[dict[str, Any]]:
    """What a server says about the texts, without what differs from one request to the next."""
    body = httpx.post(f"{address}/predict/batch", json={"texts": TEXTS}, timeout=PATIENCE).json()
    return [{name: one[name] for name in ("prediction", "probabilities")} for one in body["predictions"]]
