"""An idempotency key belongs to its caller: nobody takes away, by sending it first, what another key's editor says."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from newsdesk.serving.feedback_service import FeedbackService
from newsdesk.serving.security.key_file import add_key, read_keys
from newsdesk.serving.security.keys import new_key
from newsdesk.store.connection import StoreConnection
from newsdesk.store.database import open_store
from newsdesk.store.feedback import current_feedback, record_feedback
from newsdesk.store.migration import migrate
from newsdesk.store.records import as_json, feedback_from_json
from newsdesk.store.spool import Spool
from tests.builders import settings_in
from tests.integration.api.builders import HEADLINE, Api, rows_of, running
from tests.unit.store.old_stores import LAST
from tests.unit.store.rows import NOON, feedback, opened, store_in

SECRET = "9f2 a secret for tests, long enough for HS256"


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    """Two keys of outsiders, and one that an administrator vouches for."""
    made = {}
    for name in ("a", "b", "cms"):
        key, made[name] = new_key(name, frozenset({"feedback"}), trusted=name == "cms")
        add_key(settings_in(tmp_path).keys_file, key)
    return made


@pytest.fixture
def guarded(tmp_path: Path, keys: dict[str, str]) -> Iterator[Api]:
    del keys
    with running(tmp_path, API_AUTH="true", API_SECRET_KEY=SECRET) as api:
        yield api


def give(api: Api, credential: str, category: str, text: str = HEADLINE) -> httpx.Response:
    body = {"text": text, "category": category, "editor": "r.burns", "key": "story-17"}
    return api.post("/feedback", json=body, headers={"Authorization": f"Bearer {credential}"})


def test_who_sends_the_same_editor_and_key_first_takes_nobodys_vote_away(guarded: Api, keys: dict[str, str]) -> None:
    assert give(guarded, keys["b"], "politics", "anything else").status_code == 201
    assert give(guarded, keys["a"], "sports").status_code == 201
    assert give(guarded, keys["a"], "sports").status_code == 200  # the same again, by the same caller
    assert give(guarded, keys["a"], "business").status_code == 409
    annotations = {(row["caller"], row["category"]) for row in rows_of(guarded.settings, "feedback")}
    assert annotations == {("a", "sports"), ("b", "politics")}


def test_a_token_speaks_for_its_key(guarded: Api, keys: dict[str, str]) -> None:
    token = guarded.post("/auth/token", json={"api_key": keys["cms"]}).json()["access_token"]
    assert give(guarded, token, "sports").status_code == 201
    assert give(guarded, keys["cms"], "sports").status_code == 200
    assert give(guarded, keys["a"], "sports").status_code == 201
    assert [(row["caller"], bool(row["trusted"])) for row in rows_of(guarded.settings, "feedback")] == [
        ("cms", True),
        ("a", False),
    ]


def test_a_file_of_keys_of_which_none_is_trusted_is_one_that_an_earlier_version_reads(tmp_path: Path) -> None:
    file = tmp_path / "api_keys.json"
    for name in ("a", "cms"):
        add_key(file, new_key(name, frozenset({"feedback"}), trusted=name == "cms")[0])
    plain, vouched = json.loads(file.read_bytes())
    assert "trusted" not in plain
    assert vouched["trusted"] is True
    assert [key.trusted for key in read_keys(file)] == [False, True]
    assert [key.caller.trusted for key in read_keys(file)] == [False, True]


def test_a_store_that_knew_keys_by_editor_alone_is_brought_up_to_date_and_back(tmp_path: Path) -> None:
    """What came before keeps its key, and its caller."""
    address = f"sqlite:///{tmp_path / 'store.db'}"
    said = feedback(key="k", caller="a")
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        connection.executescript(LAST)
        connection.execute(
            "INSERT INTO feedback VALUES (?, '2026-03-04 12:00:00.000000', '2026-03-04 12:00:00.000000', ?, NULL, ?, "
            "'Rain all day', 'sport', 'Ruth', 'k', 1, 'a')",
            (said.id, said.subject, said.text_digest),
        )
        connection.commit()
    with opened(address) as store:
        assert record_feedback(store, replace(said, id="again")).status == "unchanged"
        by_another = feedback(key="k", caller="b", category="politics", at=NOON + timedelta(minutes=1))
        assert record_feedback(store, by_another).status == "created"
        annotations = {
            (annotation.caller, annotation.category, annotation.trusted) for annotation in current_feedback(store)
        }
        assert {("a", "sport", False), ("b", "politics", False)} <= annotations
        assert migrate(store, "0001", may_lose=True).steps == ["0002"]
        with store.connect() as connection:
            kept = connection.exec_driver_sql("SELECT caller, key FROM feedback WHERE editor = 'Ruth' ORDER BY caller")
            assert [tuple(row) for row in kept] == [(None, None), ("a", "k"), ("b", None)]
    with opened(address) as store:
        assert record_feedback(store, replace(said, id="again")).status == "unchanged"


def test_a_key_without_a_caller_is_taken_once(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        assert record_feedback(store, feedback(key="k")).status == "created"
        assert record_feedback(store, feedback(key="k")).status == "unchanged"


def test_who_repeats_by_a_key_that_is_trusted_now_is_vouched_for(tmp_path: Path) -> None:
    with store_in(tmp_path) as store:
        first = feedback(caller="cms")
        record_feedback(store, first)
        record_feedback(store, replace(first, id="again", at=first.at.replace(hour=13), trusted=True))
        assert [annotation.trusted for annotation in current_feedback(store)] == [True]


def test_what_waits_on_disk_belongs_to_its_caller_too_and_older_lines_are_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", "feedback", 1_000_000)
    said = [
        feedback(caller="b", key="k", category="politics"),
        feedback(caller="a", key="k"),
        feedback(caller="cms", key="k", category="business", trusted=True),
    ]
    lines = [as_json(one) for one in said]
    assert "trusted" not in lines[0]  # an earlier version reads it
    assert [feedback_from_json(line) for line in lines] == said
    assert spool.append(lines, durable=False)
    store = StoreConnection(f"sqlite:///{tmp_path / 'store.db'}")
    desk = FeedbackService(store, spool)
    desk.replay(lambda: None)
    recorded = asyncio.run(desk.record(replace(said[1], id="again")))
    store.close()
    assert (recorded.id, recorded.status) == (said[1].id, "unchanged")
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    annotations = {
        (annotation.caller, annotation.category, annotation.trusted) for annotation in current_feedback(engine)
    }
    engine.dispose()
    assert annotations == {("a", "sport", False), ("b", "politics", False), ("cms", "business", True)}
