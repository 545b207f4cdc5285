"""An alias is moved in a real MLflow server: running servers tell the ledger, and rollbacks stay right."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from mlflow import MlflowClient

from newsdesk.pipeline.external_promotions import OUTSIDE
from newsdesk.pipeline.promoter import Promoter
from newsdesk.registry.reader import open_registry
from newsdesk.registry.version import MODEL
from newsdesk.store.database import open_store
from newsdesk.store.ledger import LedgerEntry, append_after, entries
from tests.builders import settings_in
from tests.integration.test_command_line import newsdesk, sentence_of
from tests.stack.running import register, serving
from tests.stack.servers import stoppable_mlflow_server
from tests.unit.store.opening import migrate_at_once
from tests.unit.store.rows import opened
from tests.waiting import eventually

pytestmark = pytest.mark.stack

ENTRY = LedgerEntry(
    datetime(2026, 1, 2, tzinfo=UTC), OUTSIDE, "promote", "moved", "1", "2", "sha256:0", "seen", {"a": 1}
)


def test_workers_that_follow_a_moved_alias_tell_of_it_once_and_there_is_nothing_to_roll_back_to(
    tmp_path: Path,
) -> None:
    with stoppable_mlflow_server(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path) as mlflow:
        settings = settings_in(tmp_path, MLFLOW_TRACKING_URI=mlflow.address)
        for alpha in (1.0, 0.1):
            register(settings, alpha)
        store = open_store(settings.database)
        for number in ("1", "2"):
            Promoter(settings, open_registry(settings), store, "an editor").promote(number, "better")
        more = {"MLFLOW_TRACKING_URI": mlflow.address, "MODEL_REFRESH_INTERVAL": "0.3", "API_WORKERS": "2"}
        with serving(tmp_path, settings.home, **more) as server:
            assert server.get("/model/info")["version"] == "2"
            assert len(entries(store)) == 2
            MlflowClient(mlflow.address).set_registered_model_alias(MODEL, "champion", "1")
            eventually(lambda: len(entries(store)) > 2, "the ledger tells of it")
            eventually(lambda: all(server.get("/model/info")["version"] == "1" for _ in range(10)))
            time.sleep(2)  # the other worker looks, too
            told = [(one.actor, one.decision, one.from_version, one.to_version) for one in entries(store)[2:]]
            assert told == [(OUTSIDE, "moved", "2", "1")]
            ended = newsdesk(tmp_path, "models", "rollback", MLFLOW_TRACKING_URI=mlflow.address)
            assert "no earlier champion" in sentence_of(ended)
            assert ended.returncode == 1
        assert len(entries(store)) == 3
        aliases = {
            alias: version.version for version in open_registry(settings).versions() for alias in version.aliases
        }
        assert aliases == {"champion": "1"}


def test_postgresql_takes_one_of_many_who_tell_the_same(address: str) -> None:
    migrate_at_once(address, 1)
    with opened(address) as store:
        for length in range(4):
            with ThreadPoolExecutor(8) as pool:
                taken = list(
                    pool.map(lambda i, n=length: append_after(store, n, replace(ENTRY, reason=str(i))), range(8))
                )
            assert taken.count(True) == 1
        assert len(entries(store)) == 4
