"""Revisions to try, and what must be true of any store that was migrated."""

import importlib
import pkgutil
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

import newsdesk.store
from newsdesk.store.feedback import record_feedback
from newsdesk.store.ledger import LedgerEntry, append, entries
from newsdesk.store.pipeline_runs import PipelineRun, newest_run, record_run
from newsdesk.store.predictions import insert_predictions
from newsdesk.store.revisions import FOLDER
from newsdesk.store.schema import metadata
from newsdesk.store.schema_revision import NEWEST, VERSION_TABLE, read_schema_revision
from newsdesk.store.windows import StoredWindow, read_windows, save_windows
from tests.unit.store.rows import NOON, feedback, prediction, said

ROOT = Path(__file__).parents[3]
NEXT = f"{int(NEWEST) + 1:04}"  # the revision that a test adds

for _module in pkgutil.iter_modules(newsdesk.store.__path__, "newsdesk.store."):
    if not _module.ispkg:
        importlib.import_module(_module.name)  # those with tables tell `metadata` of them

LEDGER_MADE_ANEW = f'''
"""The ledger may say where."""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{NEWEST}"
loses = ""


def upgrade() -> None:
    with op.batch_alter_table("promotion_ledger", recreate="always") as table:
        table.add_column(sa.Column("place", sa.String))


def downgrade() -> None:
    with op.batch_alter_table("promotion_ledger", recreate="always") as table:
        table.drop_column("place")
'''

_SLOW = """
    print("half of the way", flush=True)
    import time
    time.sleep(60)
"""

_MIGRATE = """
import sys
from pathlib import Path
from newsdesk.store.migration import run_migration
run_migration(sys.argv[1], folder=Path(sys.argv[2]))
"""


def notes() -> str:
    """The revision that the documentation shows: it adds the column `note` to `feedback`."""
    page = (ROOT / "docs" / "migrations.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^   ```python\n(.*?)^   ```", page, flags=re.MULTILINE | re.DOTALL)
    revision = re.sub(r"^   ", "", str(block), flags=re.MULTILINE)
    return revision.replace('"0003"', f'"{NEXT}"').replace('"0002"', f'"{NEWEST}"')


def folder_with(parent: Path, revision: str) -> Path:
    """What Alembic runs, with one revision more than there are."""
    folder = parent / "migrations"
    if not folder.exists():
        shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "in_a_test.py").write_text(revision, encoding="utf-8")
    return folder


def is_migrated_in_half(address: str, parent: Path) -> None:
    """Kill a process that has gone half of the way to the revision of `notes`."""
    body, mark = notes(), "\n\n\ndef downgrade"
    folder = folder_with(parent, body.replace(mark, _SLOW + mark))
    command = [sys.executable, "-c", _MIGRATE, address, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "half of the way\n"
        finally:
            process.kill()


def revision_of(store: Engine) -> str | None:
    with store.connect() as connection:
        return read_schema_revision(connection).revision


def tables_of(store: Engine) -> set[str]:
    return set(inspect(store).get_table_names())


def columns_of(store: Engine, table: str) -> set[str]:
    return {column["name"] for column in inspect(store).get_columns(table)}


def differences(store: Engine) -> list[Any]:
    """In what the database is not as the code describes its tables."""
    assert len(metadata.tables) == 5
    with store.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return list(compare_metadata(context, metadata))


def guards(store: Engine) -> int:
    """How many triggers keep the ledger."""
    query = {
        "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'promotion_ledger'",
        "postgresql": "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'promotion_ledger'::regclass",
    }
    with store.connect() as connection:
        return int(connection.execute(text(query[store.dialect.name])).scalar_one())


def require_that_all_is_kept(store: Engine) -> None:
    """Write to every table, and read it back."""
    answer = prediction()
    said_now = feedback(editor=answer.id)
    assert insert_predictions(store, [answer]) == 0
    assert record_feedback(store, said_now).status == "created"
    assert (said_now.text_digest, answer.id, "sport") in said(store)
    entry = LedgerEntry(NOON, "who checks", "promote", "promoted", None, "1", None, "", {})
    append(store, entry)
    assert entries(store)[-1] == entry
    window = StoredWindow(NOON + timedelta(days=9), 60, "sha256:ab", "", "1", {}, [], "calm")
    save_windows(store, window.start, 60, [window])
    assert read_windows(store, window.start, 60) == [window]
    run = PipelineRun("monitor", NOON, NOON, "succeeded")
    record_run(store, run)
    assert newest_run(store, "monitor") == run
