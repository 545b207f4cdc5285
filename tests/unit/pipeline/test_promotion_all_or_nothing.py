"""A change of the champion is whole or is not, whenever it is interrupted; and what is said of it is true."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from threading import Thread

import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.errors import RegistryError
from newsdesk.operations.backup.database_copies import copy_databases
from newsdesk.operations.backup.databases import databases
from newsdesk.operations.doctor.promotion import check_promotion
from newsdesk.pipeline import promoter
from newsdesk.pipeline.progress import NoProgress
from newsdesk.registry.champion_pointer import ChampionPointer
from newsdesk.registry.mlflow_client import connect
from newsdesk.registry.mlflow_registry import MlflowRegistry
from newsdesk.registry.sqlite_reader import SqliteReader
from newsdesk.registry.version import MODEL, Alias
from newsdesk.store.database import open_store
from newsdesk.store.ledger import LedgerEntry, entries
from tests.builders import fitted_bundle, settings_in
from tests.unit.pipeline.test_promoter import Desk
from tests.unit.registry.shelf import Shelf, open_shelf

PROMOTION = ["ledger", "champion", "challenger", "pointer", "previous"]
ROLLBACK = ["ledger", "champion", "pointer", "previous"]


class Killed(BaseException):
    """As SIGKILL: nobody catches it."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Shelf:
    """Versions 1 and 2 were promoted one after the other; version 3 is the challenger. It is copied, never changed."""
    shelf = open_shelf(tmp_path_factory.mktemp("kept"), empty_database)
    for alpha in (1.0, 0.5, 0.25):
        shelf.put(fitted_bundle(MultinomialNB(alpha=alpha), per_category=5))
    desk = Desk(shelf, open_store(shelf.settings.database))
    for number in ("1", "2"):
        desk.promotions().promote(number, "better")
    shelf.client.set_registered_model_alias(MODEL, "challenger", "3")
    return shelf


@pytest.fixture
def desk(kept: Shelf, tmp_path: Path) -> Desk:
    settings = settings_in(tmp_path)
    shutil.copytree(kept.settings.home, settings.home)
    return Desk(Shelf(settings, connect(settings)), open_store(settings.database))


def interrupted(desk: Desk, change: str, before: str, end: Callable[[], None]) -> None:
    """Promote version 3, or roll back to 1; `end` is called before the write of that name."""
    registry = MlflowRegistry(desk.shelf.settings)
    with pytest.MonkeyPatch.context() as patch:

        def ends_before(name: str, write: Callable[..., None]) -> Callable[..., None]:
            def writing(*arguments: object) -> None:
                if name == before or arguments[0] == before:
                    end()
                write(*arguments)

            return writing

        patch.setattr(promoter, "append", ends_before("ledger", promoter.append))
        patch.setattr(promoter, "write_champion_pointer", ends_before("pointer", promoter.write_champion_pointer))
        patch.setattr(registry, "set_alias", ends_before("alias", registry.set_alias))
        promotions = desk.promotions(registry)
        promotions.promote("3", "better") if change == "promote" else promotions.rollback("worse")


def fail() -> None:
    raise Killed


def told(desk: Desk) -> list[str]:
    """What the doctor says."""
    return [finding.level for finding in check_promotion(desk.shelf.settings)]


def agree(desk: Desk) -> str:
    """Who is in charge, by ledger, aliases and pointer, which must say the same."""
    chain = entries(desk.store)
    assert [entry.from_version for entry in chain[1:]] == [entry.to_version for entry in chain[:-1]]
    champion = desk.aliases["champion"]
    assert chain[-1].to_version == champion == desk.pointed_at
    assert champion not in (desk.aliases.get("previous"), desk.aliases.get("challenger"))
    assert told(desk) == ["ok"]
    return champion


@pytest.mark.parametrize("write", PROMOTION)
def test_a_promotion_that_was_killed_is_told_and_finished_by_the_same_command(desk: Desk, write: str) -> None:
    with pytest.raises(Killed):
        interrupted(desk, "promote", write, fail)
    assert told(desk) == ["ok" if write == "ledger" else "problem"]
    assert desk.promotions().promote("3", "better").version == "3"
    assert agree(desk) == "3"
    assert desk.aliases == {"champion": "3", "previous": "2"}
    assert [entry.decision for entry in entries(desk.store)] == ["promoted"] * 3


@pytest.mark.parametrize("write", PROMOTION)
def test_a_rollback_after_a_killed_promotion_goes_back_from_it_and_says_so(desk: Desk, write: str) -> None:
    with pytest.raises(Killed):
        interrupted(desk, "promote", write, fail)
    before, now = desk.promotions().rollback("worse")
    assert (before.version, now.version) == (("2", "1") if write == "ledger" else ("3", "2"))
    assert agree(desk) == now.version


@pytest.mark.parametrize("write", ROLLBACK)
def test_a_killed_rollback_is_told_and_the_next_one_goes_back_no_further(desk: Desk, write: str) -> None:
    desk.promotions().promote("3", "better")
    with pytest.raises(Killed):
        interrupted(desk, "rollback", write, fail)
    assert told(desk) == ["ok" if write == "ledger" else "problem"]
    before, now = desk.promotions().rollback("worse")
    assert (before.version, now.version) == ("3", "2")
    assert agree(desk) == "2"
    assert desk.aliases == {"champion": "2", "previous": "1"}


@pytest.mark.parametrize("write", ["champion", "pointer"])
def test_the_first_promotion_is_finished_too(shelf: Shelf, write: str) -> None:
    shelf.put(fitted_bundle(MultinomialNB(), per_category=5))
    desk = Desk(shelf, open_store(shelf.settings.database))
    with pytest.raises(Killed):
        interrupted_first(desk, write)
    assert told(desk) == ["problem"]
    with pytest.raises(RegistryError, match="no earlier champion"):
        desk.promotions().rollback("worse")
    assert agree(desk) == "1"


def interrupted_first(desk: Desk, before: str) -> None:
    registry = MlflowRegistry(desk.shelf.settings)
    with pytest.MonkeyPatch.context() as patch:
        if before == "pointer":
            patch.setattr(promoter, "write_champion_pointer", lambda *_: fail())
        else:
            patch.setattr(registry, "set_alias", lambda *_: fail())
        desk.promotions(registry).promote("1", "the first")


def test_what_cannot_be_finished_is_struck_out(desk: Desk) -> None:
    with pytest.raises(Killed):
        interrupted(desk, "promote", "champion", fail)
    desk.shelf.client.delete_model_version(MODEL, "3")
    desk.promotions().finish_interrupted()
    assert agree(desk) == "2"
    assert [entry.decision for entry in entries(desk.store)] == ["promoted"] * 3 + ["struck out"]
    _, now = desk.promotions().rollback("worse")
    assert now.version == agree(desk) == "1"


def test_a_registry_that_fails_in_the_middle_is_told_with_what_to_do(desk: Desk) -> None:
    def away() -> None:
        raise RegistryError("MLflow does not answer.")

    with pytest.raises(RegistryError, match=r"has put version 3 in charge already: run the same command again"):
        interrupted(desk, "promote", "pointer", away)
    desk.promotions().promote("3", "better")
    assert agree(desk) == "3"


def in_a_process(work: Callable[[], None]) -> int:
    """How a process that does it ends: its signal, negative."""
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            work()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("seed", range(2))
def test_whoever_is_killed_and_how_often_the_next_command_leaves_all_agreed(desk: Desk, seed: int) -> None:
    """Real processes, really killed."""
    chance = random.Random(seed)
    for _ in range(3):
        change, write = chance.choice(["promote", "rollback"]), chance.choice(ROLLBACK)

        def killed(change: str = change, write: str = write) -> None:
            interrupted(desk, change, write, lambda: os.kill(os.getpid(), signal.SIGKILL))

        assert in_a_process(killed) in (-signal.SIGKILL, 0)  # 0: there was nothing to do
    with suppress(RegistryError):
        desk.promotions().rollback("worse")
    agree(desk)


@pytest.mark.parametrize("asking", [signal.SIGTERM, signal.SIGINT])
def test_who_is_asked_to_stop_in_the_middle_ends_what_was_begun(desk: Desk, asking: signal.Signals) -> None:
    def stopped() -> None:
        signal.signal(asking, signal.SIG_DFL)
        interrupted(desk, "promote", "champion", lambda: os.kill(os.getpid(), asking))

    assert in_a_process(stopped) == -asking
    assert agree(desk) == "3"


def test_a_command_that_was_killed_is_finished_by_the_next_command(desk: Desk) -> None:
    home = desk.shelf.settings.home
    command = [sys.executable, "-m", "newsdesk", "models"]
    environment = os.environ | {"NEWSDESK_HOME": str(home)}
    with (
        closing(sqlite3.connect(f"file:{home / 'newsdesk.db'}?mode=ro", uri=True, timeout=10)) as store,
        subprocess.Popen([*command, "promote", "3"], cwd=home, env=environment, stderr=subprocess.DEVNULL) as killed,
    ):
        while store.execute("SELECT count(*) FROM promotion_ledger").fetchone() == (2,) and killed.poll() is None:
            time.sleep(0.002)
        killed.kill()
    done = subprocess.run(
        [*command, "rollback", "--json"], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["champion"] == agree(desk)


@pytest.mark.parametrize("write", PROMOTION[1:])
def test_a_backup_that_comes_in_the_middle_waits_until_all_agree(desk: Desk, write: str, tmp_path: Path) -> None:
    settings = desk.shelf.settings
    with pytest.raises(Killed):
        interrupted(desk, "promote", write, fail)
    copies = tmp_path / "copies"
    copies.mkdir()

    def goes_on() -> None:
        time.sleep(0.3)
        desk.promotions().promote("3", "better")

    other = Thread(target=goes_on)
    other.start()
    standing = copy_databases(databases(settings), settings, copies, NoProgress())
    other.join()
    copied = open_store(f"sqlite:///{copies / 'store'}")
    ledger: list[LedgerEntry] = entries(copied)
    copied.dispose()
    versions = SqliteReader(copies / "mlflow").versions()
    aliases: dict[Alias | str, str] = {alias: one.version for one in versions for alias in one.aliases}
    assert standing.pointer is not None
    pointer = ChampionPointer.model_validate_json(standing.pointer)
    assert ledger[-1].to_version == aliases["champion"] == pointer.version == "3"
    assert aliases["previous"] == "2"


def test_a_backup_of_an_interrupted_change_is_made_and_says_so(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        interrupted(desk, "promote", "pointer", fail)
    settings = desk.shelf.settings
    standing = copy_databases(databases(settings), settings, tmp_path, NoProgress(), patience=0.2)
    assert standing.is_unfinished
