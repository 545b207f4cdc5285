"""`newsdesk store`: where the store is among its revisions, and on to another."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from newsdesk.store.revisions import revisions
from newsdesk.store.schema_revision import NEWEST
from tests.unit.store.filled import ENTRIES, PREDICTIONS, fill
from tests.unit.store.old_stores import FIRST
from tests.unit.store.rows import store_at
from tests.warm import warm_newsdesk


def newsdesk(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [warm_newsdesk(), *arguments],
        env=os.environ | {"NEWSDESK_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_old_store_is_shown_migrated_and_shown_again(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "newsdesk.db")) as connection:
        connection.executescript(FIRST)
    before = newsdesk(tmp_path, "store", "status").stdout
    assert "older than its first revision. Run: newsdesk store migrate." in before
    assert "0001  The first tables." in before
    migrated = json.loads(newsdesk(tmp_path, "store", "migrate", "--json").stdout)
    assert migrated == {"before": None, "after": NEWEST, "steps": [step.id for step in revisions()]}
    status = json.loads(newsdesk(tmp_path, "store", "status", "--json").stdout)
    assert status == {
        "store": f"sqlite:///{tmp_path / 'newsdesk.db'}",
        "condition": "current",
        "revision": NEWEST,
        "newest": NEWEST,
        "pending": [],
    }
    assert newsdesk(tmp_path, "store", "migrate").stdout == f"Nothing to do: the store is at revision {NEWEST}.\n"


def test_the_way_down_asks_for_consent_and_a_store_that_went_it_is_empty(tmp_path: Path) -> None:
    assert newsdesk(tmp_path, "store", "migrate").stdout == f"The store went from no revision to {NEWEST}.\n"
    refused = newsdesk(tmp_path, "store", "migrate", "--to", "base")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("newsdesk: Going back would remove ")
    assert "every table: predictions, feedback, the promotion ledger" in refused.stderr
    done = newsdesk(tmp_path, "store", "migrate", "--to", "base", "--yes")
    assert done.stdout == f"The store went from {NEWEST} to no revision.\n"
    assert "is empty: it is set up when it is first used." in newsdesk(tmp_path, "store", "status").stdout
    assert newsdesk(tmp_path, "models", "ledger", "--json").stdout == "[]\n"
    assert f"is at revision {NEWEST}, the newest." in newsdesk(tmp_path, "store", "status").stdout


def test_a_store_is_copied_from_the_one_in_use_and_compared(tmp_path: Path) -> None:
    with store_at(tmp_path / "newsdesk.db") as store:
        fill(store)
    target = f"sqlite:///{tmp_path / 'moved.db'}"
    done = newsdesk(tmp_path, "store", "copy", "--to", target)
    assert f"Copied from sqlite:///{tmp_path / 'newsdesk.db'} to {target}" in done.stdout
    assert "Let NEWSDESK_DATABASE_URL name it, then start the servers again." in done.stdout
    third = f"sqlite:///{tmp_path / 'third.db'}"
    again = newsdesk(tmp_path, "store", "copy", "--from", target, "--to", third, "--json").stdout
    tables = json.loads(again)["tables"]
    assert (tables["predictions"]["rows"], tables["promotion_ledger"]["rows"]) == (PREDICTIONS, ENTRIES)
    assert tables["feedback"]["digest"][:16] in done.stdout
    refused = newsdesk(tmp_path, "store", "copy", "--to", target)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "is not empty" in refused.stderr
    assert newsdesk(tmp_path, "store", "copy").returncode == 2
    here = newsdesk(tmp_path / "new", "store", "copy", "--from", target)
    assert here.stdout.endswith("Now start the servers again.\n")
