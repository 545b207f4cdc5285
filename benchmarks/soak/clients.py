"""The load: people, programs and nuisances that use one server, a few dozen requests a second."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

import httpx

from benchmarks.soak.tally import Tally
from tests.builders import sample_texts

_MALFORMED: tuple[tuple[str, bytes, dict[str, str]], ...] = (
    ("/predict", b"{", {}),
    ("/predict", b'{"text": NaN}', {}),
    ("/predict", b'{"text": "a", "text": "b"}', {}),
    ("/predict", b"[" * 100_000, {}),
    ("/predict", b'{"text": "\xff\xfe"}', {}),
    ("/predict", b'{"text": "\\ud800 lone"}', {}),
    ("/predict", json.dumps({f"k{n}": n for n in range(20_000)}).encode(), {}),
    ("/predict/batch", b'{"texts": {}}', {}),
    ("/predict", b"not gzip", {"Content-Encoding": "gzip"}),
    ("/feedback", b'{"category": "sports"}', {}),
    ("/feedback", b'{"prediction_id": 7, "category": 7}', {}),
    ("/auth/token", b'{"api_key": "' + b"x" * 100_000 + b'"}', {}),
    ("/v2/models/news-classifier/infer", b'{"inputs": [{"name": "text", "shape": [-1]}]}', {}),
)


@dataclass(frozen=True)
class Scene:
    """A server, and keys for it."""

    port: int
    tally: Tally
    key: str
    admin: str
    ending: asyncio.Event

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, key: str | None = None) -> httpx.AsyncClient:
        headers = {"X-API-Key": key or self.key}
        return httpx.AsyncClient(base_url=self.address, headers=headers, timeout=30)

    async def pause(self, seconds: float) -> None:
        """Until then, or until the end."""
        try:
            await asyncio.wait_for(self.ending.wait(), seconds)
        except TimeoutError:
            return

    async def ask(
        self, client: httpx.AsyncClient, what: str, method: str, path: str, **request: Any
    ) -> httpx.Response | None:
        """The answer; None where the connection broke, which is noted."""
        begun = time.monotonic()
        try:
            response = await client.request(method, path, **request)
        except httpx.TransportError:
            self.tally.broken(what)
            await self.pause(0.2)
            return None
        code = self._code_of(what, response) if response.status_code >= 400 else ""
        self.tally.note(what, response.status_code, code, time.monotonic() - begun)
        return response

    def _code_of(self, what: str, response: httpx.Response) -> str:
        """Of a failure, which has our shape whichever layer it comes from."""
        try:
            return str(response.json()["code"])
        except (ValueError, TypeError, KeyError):
            self.tally.require(False, f"{what}: {response.status_code} with {response.text[:100]!r}")
            return "without a code"


def texts() -> list[tuple[str, str]]:
    """Texts of the sample with their categories."""
    return list(zip(*sample_texts(30), strict=True))


async def reader(scene: Scene, chance: Random) -> None:
    """One prediction after the other, now and then of a long text."""
    known, number = texts(), count()
    async with scene.client() as client:
        while not scene.ending.is_set():
            text, _ = chance.choice(known)
            if next(number) % 100 == 99:
                text *= 40_000 // len(text)
            text = f"{text} {chance.randrange(3_000)}"
            answer = await scene.ask(client, "/predict", "POST", "/predict", json={"text": text})
            if answer is not None and answer.status_code == 200:
                scene.tally.predictions[answer.json()["prediction_id"]] = time.monotonic()
            await scene.pause(0.1)


async def batch(scene: Scene, chance: Random) -> None:
    """Twenty texts at once."""
    known = texts()
    async with scene.client() as client:
        while not scene.ending.is_set():
            some = [f"{text} {chance.randrange(3_000)}" for text, _ in chance.sample(known, 20)]
            answer = await scene.ask(client, "/predict/batch", "POST", "/predict/batch", json={"texts": some})
            if answer is not None and answer.status_code == 200:
                for one in answer.json()["predictions"]:
                    scene.tally.predictions[one["prediction_id"]] = time.monotonic()
            await scene.pause(1)


def lines(number: int, chance: Random) -> bytes:
    """JSON Lines."""
    known = texts()
    chosen = (chance.choice(known)[0] for _ in range(number))
    return b"".join(json.dumps({"text": f"{text} {chance.randrange(3_000)}"}).encode() + b"\n" for text in chosen)


async def stream(scene: Scene, chance: Random) -> None:
    """Thirty lines in three pieces, and their answers."""
    headers = {"Content-Type": "application/x-ndjson"}

    async def body() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield lines(10, chance)
            await asyncio.sleep(0.02)

    async with scene.client() as client:
        while not scene.ending.is_set():
            answer = await scene.ask(client, "JSON Lines", "POST", "/predict/batch", content=body(), headers=headers)
            if answer is not None and answer.status_code == 200:
                noted = [json.loads(line) for line in answer.content.splitlines()]
                scene.tally.require(len(noted) == 30, f"JSON Lines: {len(noted)} answers to 30 lines")
                for one in noted:
                    if "prediction_id" in one:
                        scene.tally.predictions[one["prediction_id"]] = time.monotonic()
                    else:
                        scene.tally.require(one["code"] == "busy", f"JSON Lines: {one['code']}")
            await scene.pause(1)


async def editor(scene: Scene, chance: Random, name: str) -> None:
    """Corrections, each with a key, sent again until they are acknowledged; some are sent once more after that."""
    known = texts()
    async with scene.client() as client:
        for number in count():
            if scene.ending.is_set():
                return
            text, category = chance.choice(known)
            said = {"text": f"{text} {number}", "category": category, "editor": name, "key": f"{name} {number}"}
            while not scene.ending.is_set():
                answer = await scene.ask(client, "/feedback", "POST", "/feedback", json=said)
                if answer is not None and answer.status_code in (200, 201, 202):
                    scene.tally.feedback[f"{name} {number}"] = category
                    if number % 5 or answer.status_code == 200:
                        break
                    continue  # the same once more
                scene.tally.require(answer is None or answer.status_code == 503, f"/feedback: {answer}")
                await scene.pause(0.5)
            await scene.pause(0.3)


async def curious(scene: Scene, chance: Random) -> None:
    """Explanations."""
    known = texts()
    async with scene.client() as client:
        while not scene.ending.is_set():
            await scene.ask(client, "/explain", "POST", "/explain", json={"text": chance.choice(known)[0]})
            await scene.pause(1.5)


async def watcher(scene: Scene) -> None:
    """What Prometheus and a load balancer do."""
    async with scene.client(scene.admin) as client:
        while not scene.ending.is_set():
            for path in ("/metrics", "/health", "/ready"):
                answer = await scene.ask(client, path, "GET", path)
                scene.tally.require(answer is None or answer.status_code == 200, f"{path}: {answer}")
            await scene.pause(5)


async def malformed(scene: Scene) -> None:
    """What no server should have to read."""
    async with scene.client() as client:
        for number in count():
            if scene.ending.is_set():
                return
            path, body, headers = _MALFORMED[number % len(_MALFORMED)]
            headers = {"Content-Type": "application/json"} | headers
            answer = await scene.ask(client, "malformed", "POST", path, content=body, headers=headers)
            scene.tally.require(answer is None or 400 <= answer.status_code < 500, f"malformed {path}: {answer}")
            await scene.pause(0.5)


def all_of(scene: Scene) -> list[Coroutine[Any, Any, None]]:
    """Every client."""
    return [
        *(reader(scene, Random(number)) for number in range(2)),
        batch(scene, Random(10)),
        stream(scene, Random(11)),
        *(editor(scene, Random(20 + number), f"editor {number}") for number in range(2)),
        curious(scene, Random(12)),
        watcher(scene),
        malformed(scene),
    ]
