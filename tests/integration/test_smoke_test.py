"""`newsdesk smoke-test` against real applications over HTTP: servers follow the champion one after another."""

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from typer.testing import CliRunner, Result

from newsdesk.cli.app import app
from newsdesk.serving.app import create_app
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.security.caller import parse_scopes
from newsdesk.serving.security.key_file import add_key
from newsdesk.serving.security.keys import new_key
from newsdesk.serving.server_state import ServerState
from tests.answering import answering
from tests.builders import settings_in
from tests.integration.api.builders import listening
from tests.serving import service_of
from tests.stack.running import predictor, put_in_charge
from tests.stack.servers import free_port

OLD, NEW = LoadedModel(predictor(1.0), "1"), LoadedModel(predictor(0.1), "2")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Version 2 is in charge here; servers in these tests follow when they are told to."""
    monkeypatch.setenv("NEWSDESK_HOME", str(tmp_path / "var"))
    put_in_charge(tmp_path / "var", "2", 0.1)
    return tmp_path


@dataclass
class Workers:
    """Several workers behind one address, asked in turn; the last one follows after `late` requests."""

    services: list[ServerState]
    late: int = 0
    asked: list[str] = field(default_factory=list)
    _turn: Any = field(default_factory=count)
    _lock: Any = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._apps: list[FastAPI] = [create_app(service) for service in self.services]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._apps[0](scope, receive, send)
            return
        turn = next(self._turn)
        self.asked.append(scope["path"])
        if turn == self.late:
            self.services[-1].models.promote(NEW)
        await self._apps[turn % len(self._apps)](scope, receive, send)


@contextmanager
def workers(folder: Path, *models: LoadedModel, late: int = -1, **environment: str) -> Iterator[tuple[str, Workers]]:
    services = [
        service_of(settings_in(folder / str(n), **environment), model.predictor, model.version)
        for n, model in enumerate(models)
    ]
    found = Workers(services, late)
    with listening(found) as address:  # type: ignore[arg-type]
        yield address, found


def smoke_test(*urls: str, patience: float = 0, successes: int = 20) -> Result:
    options = ["--patience", str(patience), "--successes", str(successes), "--json"]
    return CliRunner().invoke(app, ["smoke-test", *(part for url in urls for part in ("--url", url)), *options])


def why(failed: Result) -> str:
    assert failed.exit_code == 1, failed.output
    return str(failed.exception) + failed.stderr


@pytest.mark.parametrize("late", [2, 7, 21, 24])
def test_a_worker_that_follows_later_is_waited_for_at_whatever_request_it_is_found(tmp_path: Path, late: int) -> None:
    with workers(tmp_path, NEW, OLD, late=late) as (address, behind):
        done = smoke_test(address, patience=30)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["version"], told["digest"], told["servers"]) == ("2", NEW.digest, [address])
    assert behind.asked[-25:].count("/model/info") >= 19  # all in a row, after it followed


def test_one_worker_that_does_not_follow_is_told_with_both_digests(tmp_path: Path) -> None:
    with workers(tmp_path, NEW, OLD) as (address, _):
        said = why(smoke_test(address))
    assert f"serves now {NEW.digest}, now {OLD.digest}" in said
    assert f"version 2 ({NEW.digest})" in said


def test_every_one_of_several_servers_is_asked_and_the_late_one_waited_for(tmp_path: Path) -> None:
    with ExitStack() as stack:
        one, _ = stack.enter_context(workers(tmp_path / "one", NEW))
        other, late = stack.enter_context(workers(tmp_path / "other", OLD, late=2))
        done = smoke_test(f"{one}, {other}/", patience=30)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["servers"] == [one, other]
    assert "/predict" in late.asked


def test_one_of_several_servers_that_stays_behind_fails_it(tmp_path: Path) -> None:
    with workers(tmp_path / "one", NEW) as (one, _), workers(tmp_path / "other", OLD) as (other, _):
        said = why(smoke_test(one, other))
    assert f"{other} serves {OLD.digest}" in said
    assert one not in said


def test_a_server_that_is_down_is_named_and_does_not_fail_those_that_answer(tmp_path: Path) -> None:
    down = f"http://127.0.0.1:{free_port()}"
    with workers(tmp_path, NEW) as (address, _):
        done = smoke_test(address, down)
    told = json.loads(done.stdout)
    assert (told["servers"], told["unreachable"]) == ([address], [down])
    assert f"{down} does not answer" in why(smoke_test(down))


@pytest.mark.parametrize(
    ("scope", "fix"), [(None, "wants an API key. Set NEWSDESK_API_KEY"), ("monitor", "a key of the scope predict")]
)
def test_who_may_not_ask_is_told_so_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scope: str | None, fix: str
) -> None:
    if scope:
        key, secret = new_key("smoke", parse_scopes(scope))
        add_key(tmp_path / "0" / "var" / "api_keys.json", key)
        monkeypatch.setenv("NEWSDESK_API_KEY", secret)
    with workers(tmp_path, NEW, API_AUTH="true") as (address, behind):
        said = why(smoke_test(address, patience=60))
    assert fix in said
    assert "keys create NAME --scope predict" in said
    assert len(behind.asked) == 1


@pytest.mark.parametrize(("status", "body"), [(404, b"{}"), (200, b"<html>"), (200, b"[]"), (200, b"{}")])
def test_something_else_at_the_address_is_told_at_once(status: int, body: bytes) -> None:
    with answering(status, body) as port:
        said = why(smoke_test(f"http://127.0.0.1:{port}", patience=60))
    assert "address" in said


def test_a_server_that_is_not_ready_yet_is_waited_for_and_told_by_its_status() -> None:
    with answering(503, b"{}") as port:
        said = why(smoke_test(f"http://127.0.0.1:{port}"))
    assert "answers 503 to /model/info" in said


def test_right_digest_and_wrong_answers_fail_at_once(tmp_path: Path) -> None:
    broken, manifest = copy(OLD.predictor), OLD.predictor.bundle.manifest
    broken.bundle = replace(OLD.predictor.bundle, manifest=manifest.model_copy(update={"digest": NEW.digest}))
    with workers(tmp_path, LoadedModel(broken, "2")) as (address, _):
        said = why(smoke_test(address, patience=60))
    assert "answers otherwise than version 2 was measured" in said
