"""Steady load on a running server: what it answered, what it did not, and whether every answer is right."""

import asyncio
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from newsdesk.model.predictor import Predictor
from tests.builders import sample_texts
from tests.stack.connection import Answer, Connection
from tests.waiting import eventually

MARK = "zyxwmark"  # in every text that is sent, and nowhere else: what shows it has let a text out
_CLOSENESS = 1e-12

Probabilities = dict[str, float]
Known = Mapping[tuple[str, str], Mapping[str, Probabilities]]  # by version and digest, then by text


def marked_texts(count: int = 200) -> list[str]:
    """Texts of the sample corpus, each with a mark."""
    texts, _ = sample_texts(30)
    return [f"{texts[n % len(texts)]} {MARK}{n}" for n in range(count)]


def known_answers(predictors: Mapping[str, Predictor], texts: Sequence[str]) -> Known:
    """What each version, a predictor by its number, answers."""
    return {
        (version, predictor.bundle.digest): {text: predictor.predict(text).probabilities for text in texts}
        for version, predictor in predictors.items()
    }


@dataclass
class Tally:
    """What came of it all. `retried`: requests that a broken connection left unanswered, sent once more."""

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    predictions: list[str] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)  # ids of requests
    feedback: dict[str, int] = field(default_factory=dict)  # status by id
    refused: Counter[str] = field(default_factory=Counter)  # feedback by the code of its refusal
    retried: int = 0
    failures: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        feedback = dict(Counter(self.feedback.values()))
        return (
            f"{len(self.predictions)} predictions by {dict(Counter(v for v, _ in self.answers.elements()))}, "
            f"feedback {feedback}, refused {dict(self.refused)}, {self.retried} sent again, "
            f"{len(self.failures)} failed, {len(self.wrong)} wrong"
        )

    def wait_for_feedback(self, count: int = 30, status: int | None = None) -> None:
        """Wait until so many more were acknowledged, with that status."""

        def total() -> int:
            return sum(status in (None, one) for one in list(self.feedback.values()))

        wanted = total() + count
        eventually(lambda: total() >= wanted or bool(self.failures), f"{count} more times feedback {status or ''}")

    def check(self, what: str) -> None:
        """Every request was answered, and rightly."""
        print(f"\n{what}: {self}")
        assert self.failures == []
        assert self.wrong == []


class Load:
    """Predictions over `connections`, and feedback over `editors`, one request after the other on each."""

    def __init__(
        self, port: int, known: Known, *, connections: int, pause: float, editors: int, may_retry: bool
    ) -> None:
        """`pause`: seconds that a client waits after an answer."""
        self.tally = Tally()
        self._pause = pause
        self._port, self._known, self._may_retry = port, known, may_retry
        self._texts = list(next(iter(known.values())))
        self._connections, self._editors = connections, editors
        self._ending = Event()

    def end(self) -> None:
        self._ending.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(self._connections):
                group.create_task(self._read(Random(number)))
            for number in range(self._editors):
                group.create_task(self._correct(f"editor {number}"))

    async def _read(self, chance: Random) -> None:
        connection = Connection(self._port)
        while not self._ending.is_set():
            text = chance.choice(self._texts)
            answer = await self._ask(connection, "/predict", {"text": text})
            if answer is None or answer.status != 200:
                self._fail("/predict", answer)
                continue
            self.tally.predictions.append(answer.body["prediction_id"])
            self._check(text, answer.body)
            await asyncio.sleep(self._pause)
        await connection.close()

    async def _correct(self, editor: str) -> None:
        connection = Connection(self._port)
        number = 0
        while not self._ending.is_set():
            number += 1
            payload = {"text": self._texts[number % len(self._texts)], "category": "politics", "editor": editor}
            answer = await self._ask(connection, "/feedback", payload | {"key": f"{editor} {number}"})
            if answer is None or answer.status not in (200, 201, 202, 503):
                self._fail("/feedback", answer)
            elif answer.status == 503:
                self.tally.refused[answer.body["code"]] += 1
            else:
                self.tally.feedback[answer.body["feedback_id"]] = answer.status
            await asyncio.sleep(0.02)  # editors are people
        await connection.close()

    async def _ask(self, connection: Connection, path: str, payload: Mapping[str, Any]) -> Answer | None:
        """The answer, where need be on a second connection; None where there is none."""
        for _ in range(2 if self._may_retry else 1):
            request_id = str(uuid4())
            try:
                answer = await connection.post(path, payload, request_id)
            except (OSError, EOFError):
                self.tally.retried += 1
                continue
            self.tally.answered.add(request_id)
            return answer
        return None

    def _fail(self, path: str, answer: Answer | None) -> None:
        self.tally.failures.append(f"{path} {answer.status} {answer.body['code']}" if answer else f"{path} unanswered")
        if len(self.tally.failures) > 100:
            self.end()

    def _check(self, text: str, body: Mapping[str, Any]) -> None:
        by = body["model_version"], body["digest"]
        self.tally.answers[by] += 1
        right = self._known.get(by, {}).get(text, {})
        said = body["probabilities"]
        if said.keys() != right.keys() or not all(
            math.isclose(said[name], right[name], rel_tol=0, abs_tol=_CLOSENESS) for name in right
        ):
            self.tally.wrong.append(f"{by}: {said} for {right}")


@contextmanager
def under_load(
    port: int,
    known: Known,
    *,
    connections: int = 10,
    pause: float = 0.0,
    editors: int = 0,
    may_retry: bool = False,
) -> Iterator[Tally]:
    """Keep a server busy during the block. The tally is whole after it."""
    load = Load(port, known, connections=connections, pause=pause, editors=editors, may_retry=may_retry)
    defects: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(load.run())
        except BaseException as defect:  # noqa: BLE001 - raised again where the load ends
            defects.append(defect)

    thread = Thread(target=run, name="load")
    thread.start()
    try:
        yield load.tally
    finally:
        load.end()
        thread.join()
        if defects:
            raise defects[0]
