"""Explanations and long texts have threads of their own, and queues that end; all else goes on meanwhile."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect

import newsdesk.serving.routes.predicting as predicting
from newsdesk.model.explain import explain
from newsdesk.model.predictor import Prediction, Predictor
from newsdesk.serving.errors import ApiError
from newsdesk.serving.worker_threads import WorkerThreads, run_while_connected
from tests.integration.api.builders import HEADLINE, Api, code_of, predictor, running
from tests.serving import ADDRESS

LONG = f"{HEADLINE}. " * 1000
MOST = 33  # one works, 32 wait
PATIENCE = 20  # seconds


class Held(Predictor):
    """Answers long texts only once it is let go."""

    def __init__(self) -> None:
        super().__init__(predictor().bundle)
        self.may_go, self.begun = Event(), 0

    def predict_many(self, texts: Any) -> list[Prediction]:
        if len(texts[0]) > 20_000:
            self.hold()
        return super().predict_many(texts)

    def hold(self) -> None:
        self.begun += 1
        assert self.may_go.wait(PATIENCE)


@pytest.fixture
def held() -> Iterator[Held]:
    model = Held()
    yield model
    model.may_go.set()


@contextmanager
def explanations_held(monkeypatch: pytest.MonkeyPatch, held: Held) -> Iterator[None]:
    def slow(*arguments: Any) -> Any:
        held.hold()
        return explain(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(predicting, "explain", slow)
        yield


def connected(api: Api, use: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    async def run() -> None:
        transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as client:
            await use(client)

    api.runner.run(run())


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            await asyncio.sleep(0.01)


DOORS = {
    "/explain": {"text": HEADLINE},
    "/predict": {"text": LONG},
    "/predict/batch": {"texts": [LONG]},
    "/v2/models/news-classifier/infer": {
        "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": [LONG]}]
    },
}


@pytest.mark.parametrize("path", DOORS)
def test_beyond_what_may_wait_callers_are_told_to_come_back_and_all_else_is_answered(
    path: str, held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        asked = [asyncio.create_task(client.post(path, json=DOORS[path])) for _ in range(40)]
        await until(lambda: any(one.done() for one in asked))
        refused = next(one.result() for one in asked if one.done())
        assert (refused.status_code, code_of(refused)) == (503, "busy")
        assert int(refused.headers["retry-after"]) >= 1
        for other in ("/metrics", "/health", "/model/versions", "/model/info"):
            assert (await asyncio.wait_for(client.get(other), PATIENCE)).status_code == 200
        assert (await client.post("/predict", json={"text": HEADLINE})).status_code == 200
        held.may_go.set()
        statuses = [(await one).status_code for one in asked]
        assert sorted(set(statuses)) == [200, 503]
        assert statuses.count(200) >= MOST - 1

    with running(tmp_path, held) as api, explanations_held(monkeypatch, held):
        connected(api, use)


@pytest.mark.parametrize("path", DOORS)
def test_what_took_too_long_and_was_not_begun_never_is(
    path: str, held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        answers = await asyncio.gather(*[client.post(path, json=DOORS[path]) for _ in range(8)])
        assert [(one.status_code, code_of(one)) for one in answers] == [(503, "timeout")] * 8
        begun = held.begun
        assert begun <= 2
        held.may_go.set()
        assert (await client.post(path, json=DOORS[path])).status_code == 200
        assert held.begun == begun + 1

    with running(tmp_path, held, API_TIMEOUT="1") as api, explanations_held(monkeypatch, held):
        connected(api, use)


def test_work_for_a_client_that_has_gone_is_not_begun() -> None:
    async def run() -> None:
        work, may_go, begun = WorkerThreads("work", threads=1), Event(), []
        first = asyncio.create_task(work.run(lambda: may_go.wait(PATIENCE)))
        gone = asyncio.Event()

        async def receive() -> dict[str, str]:
            await gone.wait()
            return {"type": "http.disconnect"}

        second = asyncio.create_task(run_while_connected(receive, work.run(lambda: begun.append(2))))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        gone.set()
        with pytest.raises(ClientDisconnect):
            await second
        may_go.set()
        await first
        await work.run(lambda: begun.append(3))
        assert begun == [3]

    asyncio.run(run())


def test_who_goes_away_makes_room_for_others() -> None:
    async def run() -> None:
        work, may_go = WorkerThreads("work", threads=1, max_waiting=2), Event()
        first, *others = [asyncio.create_task(work.run(lambda: may_go.wait(PATIENCE))) for _ in range(3)]
        await asyncio.sleep(0.01)
        with pytest.raises(ApiError, match="Try again"):
            work.require_room()
        others[0].cancel()
        await asyncio.sleep(0.01)
        work.require_room()
        first.cancel()
        await asyncio.sleep(0.01)
        assert not others[1].done()  # the thread is taken until its work ends, whoever waits
        may_go.set()
        assert await others[1]

    asyncio.run(run())


def test_an_answer_that_is_late_is_not_called_a_body_that_is_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path, API_TIMEOUT="1") as api:
        may_go = Event()
        monkeypatch.setattr(api.service, "samples", lambda: may_go.wait(PATIENCE))
        late = api.get("/metrics")
        may_go.set()
    assert (late.status_code, code_of(late)) == (503, "timeout")
    assert "answer" in late.json()["message"]


def test_a_text_is_explained_up_to_a_length(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        assert api.post("/explain", json={"text": "goal " * 10_000}).status_code == 200
        refused = api.post("/explain", json={"text": "goal " * 10_000 + "!"})
        assert (refused.status_code, code_of(refused)) == (400, "invalid_input")
        assert "50000 characters" in refused.json()["message"]
        escaped = json.dumps({"text": "\U0001f600" * 49_999 + "a"}).encode()
        assert api.post("/explain", content=escaped, headers={"Content-Type": "application/json"}).status_code == 200
