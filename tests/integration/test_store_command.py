"""`newsdesk store`: where the store is among its revisions, and on to another."""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from newsdesk.store.found import NEWEST
from newsdesk.store.revisions import revisions
from tests.unit.store.old_stores import FIRST
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
