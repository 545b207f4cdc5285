"""Whatever people, files and models are called, it commands no terminal, is no markup, and breaks no command."""

import io
import json
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from newsdesk.cli.app import app
from newsdesk.cli.doctor import print_findings
from newsdesk.cli.output import say, tell
from newsdesk.cli.progress import shown_progress
from newsdesk.cli.tables import print_table, styled, table_of, wide_console
from newsdesk.operations.doctor.finding import problem
from newsdesk.pipeline.batches import read_ingested_batches
from newsdesk.pipeline.ingest import ingest
from newsdesk.pipeline.prepare import prepare
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.printable import one_line, printable
from newsdesk.store.database import open_store
from newsdesk.store.ledger import LedgerEntry, append, append_after, entries
from tests.builders import QUICK_MODELS, sample_rows, settings_in, write_csv

HOSTILE = [
    "[/x]",
    "[red]",
    "[bold",
    "\\[/x]\\",
    "\x1b[2J\x1b]0;owned\x07",
    "a\u202eb",
    "a\rb",
    "\x9b31m",
    "\udcff",
    "\0",
    ":soccer:",
]
COMMANDS = {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), *"\u202a\u202b\u202d\u202e\u2066\u2067\u2068"} - {
    "\n",
    "\t",
}


def entry(actor: str, reason: str) -> LedgerEntry:
    return LedgerEntry(
        datetime.now(UTC), actor, "promote", "promoted", None, "1", "sha256:0", reason, {"source": reason}
    )


def is_plain(text: str) -> bool:
    text.encode()
    return not COMMANDS & set(text)


@given(st.text(st.characters(codec=None)))
def test_what_is_printable_can_be_written_commands_nothing_and_stays_so(text: str) -> None:
    shown = printable(text)
    assert is_plain(shown)
    assert printable(shown) == shown
    assert "\n" not in one_line(text)


@given(st.text("aé中😀[]\\\n\t :"))
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


@given(st.lists(st.text(st.characters(codec=None)) | st.sampled_from(HOSTILE), min_size=1, max_size=3))
def test_no_table_sentence_or_step_takes_words_for_commands(words: list[str]) -> None:
    out, complaints = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(complaints):
        table = table_of(*words)
        table.add_row(*words)
        print_table(wide_console(), words[0], table)
        wide_console().print(styled("x", (words[0], "bold")), words[0], soft_wrap=True)
        print_findings([problem(words[0], word, word) for word in words])
        tell(*words)
        say(words[0])
        with shown_progress() as progress:
            for word in words:
                progress.step(word)
    assert is_plain(out.getvalue())
    assert is_plain(complaints.getvalue())
    if "[/x]" in words:
        assert "[/x]" in out.getvalue()


@pytest.mark.parametrize("words", HOSTILE)
def test_what_goes_into_the_ledger_is_plain_and_the_ledger_can_be_read(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_in(tmp_path)
    store = open_store(settings.database)
    append(store, entry(words, f"{words}\nand on"))
    append_after(store, 1, entry(words, words))
    kept = entries(store)
    assert len(kept) == 2
    assert all(is_plain(one.actor + one.reason) and "\n" not in one.reason for one in kept)
    shown = ledger(settings.home, monkeypatch)
    assert is_plain(shown)
    if words.startswith("[/"):
        assert words in shown


@pytest.mark.parametrize("words", HOSTILE)
def test_a_ledger_that_an_older_version_wrote_can_be_read(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_in(tmp_path)
    open_store(settings.database).dispose()
    row = ("2026-01-02 03:04:05.000000", words.replace("\udcff", "?"), "promote", "promoted", "because", "{}")
    with closing(sqlite3.connect(settings.home / "newsdesk.db")) as database, database:
        columns = "at, actor, action, decision, reason, evidence"
        database.execute(f"INSERT INTO promotion_ledger ({columns}) VALUES (?, ?, ?, ?, ?, ?)", row)
    assert is_plain(ledger(settings.home, monkeypatch))


def ledger(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What `newsdesk models ledger` prints, which `--json` does as well."""
    monkeypatch.setenv("NEWSDESK_HOME", str(home))
    told = CliRunner().invoke(app, ["models", "ledger", "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)
    shown = CliRunner().invoke(app, ["models", "ledger"])
    assert shown.exit_code == 0, shown.output
    return shown.stdout


def test_files_whose_names_are_no_text_are_taken_in_once_and_end_nothing(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    settings.config_dir.mkdir()
    inbox = settings.home / "inbox"
    inbox.mkdir(parents=True)
    for number, name in enumerate(["caf\udce9.csv", "\x1b[2J.csv", "[x].csv"]):
        rows = [row | {"text": f"{row['text']} {number}"} for row in sample_rows(10)]
        write_csv(tmp_path / "news.csv", rows).rename(inbox / name)
    (inbox / "empty\udcff.csv").touch()
    taken = ingest(None, None, settings, NoProgress())
    assert sorted(batch.status for batch in taken.batches) == ["ingested"] * 3 + ["refused"]
    told = json.dumps(taken.as_dict(), ensure_ascii=False)
    assert is_plain(told)
    assert r"caf\\xe9.csv" in told
    assert ingest(None, None, settings, NoProgress()).batches == []
    assert len(read_ingested_batches(settings).batches) == 4


def test_a_dataset_of_such_a_file_is_made(tmp_path: Path) -> None:
    from newsdesk.config.config_files import load_model_config, load_pipeline_config

    (tmp_path / "model_config.yaml").write_text(QUICK_MODELS, encoding="utf-8")
    table = write_csv(tmp_path / "news.csv", sample_rows(20)).rename(tmp_path / "caf\udce9.csv")
    cleaning = load_model_config(tmp_path).preprocessing.text_cleaning
    made = prepare(ArticleSource(table), tmp_path / "datasets", load_pipeline_config(tmp_path), cleaning, NoProgress())
    assert made.source.endswith(r"caf\xe9.csv")
