"""What lists show can be copied whole, at 80 columns and in a pipe, and a terminal breaks none of their lines."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from newsdesk.cli.app import app
from newsdesk.store.ledger import LedgerEntry, append
from tests.builders import sample_rows, write_csv
from tests.integration.in_process import newsdesk, quick_home, told
from tests.unit.store.rows import store_at

TABLE = "articles-of-the-northern-newsroom-in-the-spring-of-2026.csv"
KEY = "content-management-system-of-the-northern-newsroom"
ROW = "northern-newsroom/2026/03/31/the-council-votes-on-the-harbour-0001"
ACTOR = "nightly-pipeline@scheduler-2.northern.example"
REASON = "better on local politics by two points, and no worse anywhere else, as the paired test on its test set says"
TERMINAL = {"COLUMNS": "80", "FORCE_COLOR": "1", "TERM": "xterm", "TTY_COMPATIBLE": "1"}


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, ...], list[str]]]:
    """Each command that lists, and what is to be copied from it."""
    folder = tmp_path_factory.mktemp("narrow")
    with quick_home(folder):
        rows = [*sample_rows(12), {"id": ROW, "title": "", "text": "", "category": "sports"}]
        newsdesk("ingest", "--data", str(write_csv(folder / TABLE, rows)))
        newsdesk("keys", "create", KEY, "--scope", "predict", "--scope", "feedback", "--limit", "50/second;100000/day")
        with store_at(folder / "var" / "newsdesk.db") as store:
            entry = LedgerEntry(datetime.now(UTC), ACTOR, "promote", "promoted", "1", "2", "sha256:ab", REASON, {})
            append(store, entry)
        (batch,) = told("data", "list")  # type: ignore[misc]
        (key,) = told("keys", "list")  # type: ignore[misc]
        yield {
            ("data", "list"): [batch["digest"], batch["source"].rpartition("/")[2]],
            ("data", "quarantine", batch["digest"]): [ROW],
            ("keys", "list"): [KEY, key["id"], "50/second;100000/day"],
            ("models", "ledger"): [ACTOR, *REASON.split()],
        }


def shown(*arguments: str, **environment: str) -> str:
    done = CliRunner().invoke(app, arguments, env=environment)
    assert done.exit_code == 0, done.output
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


@pytest.mark.parametrize("environment", [{}, TERMINAL], ids=["pipe", "80 columns"])
def test_what_is_copied_is_whole(copied: dict[tuple[str, ...], list[str]], environment: dict[str, str]) -> None:
    for command, words in copied.items():
        found = shown(*command, **environment)
        assert "…" not in found
        for word in words:
            assert word in found, (command, word)


def test_a_terminal_of_80_columns_breaks_no_line_that_holds_more_than_one_word(
    copied: dict[tuple[str, ...], list[str]],
) -> None:
    for command in copied:
        for line in shown(*command, **TERMINAL).splitlines():
            _, _, value = line.strip().partition("  ")  # a list's heading, and what belongs to it
            assert len(line.rstrip()) <= 80 or " " not in value.strip(), (command, line)
