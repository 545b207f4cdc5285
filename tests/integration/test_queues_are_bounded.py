"""What waits for a store that is locked is bounded in bytes: in memory, on disk, and for the challenger."""

import asyncio
import sqlite3
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from newsdesk.model.predictor import Prediction, Predictor
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.serving.experiment import Experiment
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.model_pool import ModelPool
from newsdesk.serving.prediction_log import PredictionLog
from newsdesk.store.database import open_store
from newsdesk.store.records import as_json
from newsdesk.store.spool import Spool
from tests.builders import settings_in
from tests.integration.api.builders import predictor
from tests.serving import service_of, value_of, while_running
from tests.unit.store.rows import prediction
from tests.waiting import eventually

MB = 1_000_000
LENGTH = 200_000  # characters of a text


class Memory:
    """What Python takes, in bytes; C libraries are left out."""

    def __init__(self) -> None:
        tracemalloc.reset_peak()
        self._before = tracemalloc.get_traced_memory()[0]

    def growth(self) -> int:
        """At its highest."""
        return tracemalloc.get_traced_memory()[1] - self._before


@pytest.fixture
def memory() -> Iterator[Memory]:
    tracemalloc.start()
    yield Memory()
    tracemalloc.stop()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """A store of which another program holds the write lock."""
    open_store(f"sqlite:///{file}").dispose()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def kept(file: Path, table: str) -> list[str]:
    with closing(sqlite3.connect(file)) as store:
        return [key for (key,) in store.execute(f"SELECT id FROM {table}")]


def text_of(number: int, letter: str) -> str:
    return f"{number} ".ljust(LENGTH, letter)


@pytest.mark.parametrize("letter", ["x", "ж", "😀"], ids=["1 byte", "2 bytes", "4 bytes"])
def test_texts_that_come_faster_than_they_are_kept_take_no_more_memory_than_their_room(
    tmp_path: Path, memory: Memory, letter: str
) -> None:
    """200 MB, at once, while SQLite is locked: 64 MiB wait, the rest is counted."""
    count = 1_000 if letter == "x" else 300
    file, events = tmp_path / "store.db", Counter[str]()
    log = PredictionLog(f"sqlite:///{file}", tmp_path / "spool", on_event=lambda what, n: events.update({what: n}))
    with locked(file):
        log.start()
        ids = []
        for number in range(count):
            ids.append((record := prediction(text=text_of(number, letter))).id)
            log.record(record)
            del record
        eventually(lambda: log.spooled + log.dropped == count, "all of them are on disk, or counted")
        assert log.spooled >= 50 // len(letter.encode())
        assert log.written == 0
    eventually(lambda: log.written + log.dropped == count, "all that was kept is in the store")
    log.stop(10)
    assert len(kept(file, "predictions")) == len(set(kept(file, "predictions")) & set(ids)) == events["written"]
    assert events["written"] + events["dropped"] == count
    assert memory.growth() < 110 * MB


def test_texts_that_the_disk_can_bear_are_all_kept(tmp_path: Path, memory: Memory) -> None:
    """40 MB at 200 MB/s, of which no more than 16 MB may wait."""
    file = tmp_path / "store.db"
    log = PredictionLog(
        f"sqlite:///{file}", tmp_path / "spool", on_event=lambda *_: None, interval=60, text_bytes=16 * MB
    )
    with locked(file):
        log.start()
        for number in range(200):
            log.record(prediction(text=text_of(number, "x")))
            eventually(lambda number=number: number + 1 - log.spooled < 60, "it is put on disk before the interval")
        log.stop(10)
    assert (log.spooled, log.dropped) == (200, 0)
    assert memory.growth() < 30 * MB


def test_a_spool_takes_no_more_disk_than_its_room_and_what_it_does_not_take_is_counted(tmp_path: Path) -> None:
    file, folder = tmp_path / "store.db", tmp_path / "spool"
    log = PredictionLog(
        f"sqlite:///{file}", folder, on_event=lambda *_: None, interval=0.02, text_bytes=5 * MB, spool_bytes=10 * MB
    )
    with locked(file):
        log.start()
        for number in range(150):
            log.record(prediction(text=text_of(number, "x")))
            if number % 20 == 19:
                eventually(lambda number=number: log.spooled + log.dropped == number + 1)
        eventually(lambda: log.spooled + log.dropped == 150)
        on_disk = sum(part.stat().st_size for part in folder.iterdir())
        assert 5 * MB < on_disk <= 10 * MB
        assert log.spool_bytes()["predictions"] == on_disk
        waiting = log.spooled
    eventually(lambda: log.written == waiting, "the spool is written")
    log.stop(10)
    assert len(kept(file, "predictions")) == waiting
    assert list(folder.iterdir()) == []


def test_what_is_new_does_not_wait_for_a_long_spool(tmp_path: Path) -> None:
    """Else a process that is killed meanwhile would lose more than the last half second."""
    file, folder = tmp_path / "store.db", tmp_path / "spool"
    Spool(folder, "predictions", 100 * MB).append([as_json(prediction(text=text_of(n, "x"))) for n in range(300)], True)
    log = PredictionLog(f"sqlite:///{file}", folder, on_event=lambda *_: None, interval=0.01)
    log.start()
    eventually(lambda: log.written > 0)
    log.record(new := prediction())
    eventually(lambda: new.id in kept(file, "predictions"))
    assert log.written < 301
    eventually(lambda: log.written == 301)
    log.stop(10)


def test_however_long_a_store_is_locked_the_spool_has_few_files(tmp_path: Path) -> None:
    """They are all looked at with every answer that is put there."""
    file, folder = tmp_path / "store.db", tmp_path / "spool"
    log = PredictionLog(f"sqlite:///{file}", folder, on_event=lambda *_: None, interval=0.01)
    with locked(file):
        log.start()
        for number in range(8):
            log.record(prediction())
            eventually(lambda number=number: log.spooled == number + 1)
        assert len(list(folder.iterdir())) <= 3
    eventually(lambda: log.written == 8)
    log.stop(10)
    assert list(folder.iterdir()) == []


def test_a_spool_of_any_size_is_written_and_read_in_little_memory(tmp_path: Path, memory: Memory) -> None:
    """80 MB in one file, as a long row of texts leaves it."""
    spool = Spool(tmp_path, "predictions", 200 * MB)
    row = {"text": "x" * LENGTH}
    assert spool.append([row] * 400, durable=True)
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size > 80 * MB
    sizes: list[int] = []
    assert spool.drain(lambda rows: sizes.append(sum(len(one["text"]) for one in rows))) == 400
    assert sum(sizes) == 400 * LENGTH
    assert memory.growth() < 15 * MB


def test_a_batch_that_does_not_fit_leaves_the_spool_as_it_was(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "predictions", 10 * MB)
    row = {"text": "x" * LENGTH}
    assert spool.append([row] * 40, durable=False)
    before = spool.used
    assert not spool.append([row] * 40, durable=False)
    assert spool.used == before
    assert spool.append([{"text": "short"}], durable=False)
    found: list[dict[str, Any]] = []
    spool.drain(found.extend)
    assert [len(one["text"]) for one in found] == [LENGTH] * 40 + [5]


class Slow(Predictor):
    """Answers once it may."""

    may = Event()

    def predict(self, text: str) -> Prediction:
        self.may.wait(60)
        return super().predict(text[:100])


def test_texts_that_wait_for_a_slow_challenger_take_no_more_memory_than_their_room(memory: Memory) -> None:
    models = ModelPool(LoadedModel(predictor(), "1"), 5, 0.05)
    models.challenger = LoadedModel(Slow(predictor().bundle), "2")
    metrics = ApiMetrics()
    shadow = Experiment("shadow", 0.5, models, None, metrics)
    shadow.start()
    for number in range(400):
        shadow.compare(text_of(number, "x"), prediction(arm="champion"))
    assert memory.growth() < 35 * MB
    Slow.may.set()
    told = [
        lambda result=result: value_of(metrics, "experiment_comparisons_total", {"result": result}) or 0
        for result in ("agrees", "disagrees", "left_out")
    ]
    eventually(lambda: sum(one() for one in told) == 400, "all are answered, or left out")
    assert told[2]() > 300
    for number in range(10):  # there is room again
        shadow.compare(text_of(number, "x"), prediction(arm="champion"))
    eventually(lambda: sum(one() for one in told[:2]) == 410 - told[2]())
    shadow.stop()


def test_a_server_whose_store_is_locked_answers_and_loses_nothing(tmp_path: Path) -> None:
    """Predictions of long texts, and feedback with them, over HTTP; then the lock is gone."""
    settings = settings_in(tmp_path, STORE_TEXT="true", PREDICTION_CACHE_SIZE="0")
    file = settings.home / "newsdesk.db"
    settings.home.mkdir(parents=True, exist_ok=True)
    service = service_of(settings, predictor())
    acknowledged: list[str] = []

    async def use(client: httpx.AsyncClient) -> None:
        with locked(file):
            for number in range(20):
                response = await client.post("/predict", json={"text": f"{number} " + "word " * 20_000})
                assert response.status_code == 200, response.text
                if number % 5 == 0:
                    said = {"prediction_id": response.json()["prediction_id"], "category": "sports", "editor": "e"}
                    response = await client.post("/feedback", json=said)
                    assert response.status_code == 202, response.text
                    acknowledged.append(response.json()["feedback_id"])
        for _ in range(600):
            if (
                service.prediction_log.written + service.prediction_log.dropped == 20
                and not service.prediction_log.spool_bytes()["feedback"]
            ):
                return
            await asyncio.sleep(0.1)

    while_running(service, use)
    assert (service.prediction_log.written, service.prediction_log.dropped) == (20, 0)
    assert sorted(kept(file, "feedback")) == sorted(acknowledged)
    assert len(kept(file, "predictions")) == 20
