"""What a newsroom sends to the API: texts of all kinds from several places, corrections, and mistakes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from threading import Event, Thread

import httpx

from tests.builders import sample_texts
from tests.waiting import PATIENCE

COUNTRIES = ("GB", "US", "DE", "FR", "IN", "BR", "JP", "ZA")
LANGUAGES = (
    "Der Minister hat am Montag gesagt, dass die Regierung mit den Ländern über das Wetter und die Ernte spricht.",
    "Le ministre a dit que le gouvernement va parler avec les régions de la récolte et du temps qu'il fait.",
    "El ministro dijo que el gobierno va a hablar con las regiones sobre la cosecha y el tiempo que hace este año.",
    "Министр сказал, что правительство будет говорить с регионами о погоде и об урожае этого года.",
)


@contextmanager
def busy(address: str, keys: tuple[str, ...], *, pause: float) -> Iterator[Callable[[bool], None]]:
    """Send requests to `address`, one after the other, until the end. Call what is yielded with True to have the texts
    drift: other topics, shorter, in other languages."""
    newsroom, stop = _Newsroom(keys), Event()

    def work() -> None:
        with httpx.Client(base_url=address, timeout=PATIENCE) as client:
            while not stop.wait(pause):
                newsroom.send(client)

    thread = Thread(target=work, name="newsroom")
    thread.start()
    try:
        yield newsroom.set_drifting
    finally:
        stop.set()
        thread.join()
    assert newsroom.failures == []


class _Newsroom:
    def __init__(self, keys: tuple[str, ...]) -> None:
        texts, categories = sample_texts(60)
        self._news = list(zip(texts, categories, strict=True))
        self._one_topic = [pair for pair in self._news if pair[1] == categories[0]]
        self._keys, self._random, self._number, self._drifting = keys, Random(7), count(), False
        self.failures: list[str] = []

    def set_drifting(self, drifting: bool) -> None:
        self._drifting = drifting

    def send(self, client: httpx.Client) -> None:
        """One article, most often with its correction, and now and then something else."""
        number, headers = next(self._number), self._headers()
        text, category = self._article(number)
        options = {"threshold": 0.6} if number % 5 == 0 else {}
        answer = client.post("/predict", json={"text": text, **options}, headers=headers)
        if answer.status_code != 200:
            self.failures.append(answer.text)
            return
        if number % 3:
            prediction_id = answer.json()["prediction_id"]
            correction = {"prediction_id": prediction_id, "text": text, "category": category, "editor": "desk"}
            client.post("/feedback", json=correction, headers=headers)
        for _ in range(3 if number % 7 == 0 else 0):  # the same again: each worker has a cache of its own
            client.post("/predict", json={"text": text}, headers=headers)
        if number % 10 == 0:
            self._something_else(client, number, text, headers)

    def _something_else(self, client: httpx.Client, number: int, text: str, headers: dict[str, str]) -> None:
        match number // 10 % 6:
            case 0:
                client.post("/predict/batch", json={"texts": [text] * 5}, headers=headers)
            case 1:
                client.post("/explain", json={"text": text}, headers=headers)
            case 2:
                client.post("/predict", content=b"{", headers=headers | {"Content-Type": "application/json"})
            case 3:
                client.get("/nowhere", headers=headers)
            case 4:
                client.get("/model/info", headers=headers)
            case _:
                client.post("/predict", json={"text": text})  # without a key

    def _article(self, number: int) -> tuple[str, str]:
        if self._drifting and number % 2:
            return f"{LANGUAGES[number // 2 % len(LANGUAGES)]} {number}", self._one_topic[0][1]
        text, category = self._random.choice(self._one_topic if self._drifting else self._news)
        return f"{text} {number}", category

    def _headers(self) -> dict[str, str]:
        place = self._random.choices(COUNTRIES, range(len(COUNTRIES), 0, -1))[0]
        return {"X-Country": place, "X-API-Key": self._random.choice(self._keys)}
