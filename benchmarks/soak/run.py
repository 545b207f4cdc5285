"""One soak, in this process: python -m benchmarks.soak.run MINUTES prints its outcome as JSON."""

import asyncio
import json
import shutil
import socket
import sys
import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.soak.accounts import settle
from benchmarks.soak.clients import Scene, all_of
from benchmarks.soak.faults import Machine, in_turns
from benchmarks.soak.home import API_TIMEOUT, Place, prepared
from benchmarks.soak.outcome import Event, Outcome
from benchmarks.soak.samples import Sample, look
from benchmarks.soak.tally import Tally
from deploy.local.ports import free_port
from tests.stack.running import Server, serving

LOG = Path("var", "soak.log")  # the server's, for whoever looks for the cause of what is told
_LONGEST_INTERVAL = 10.0  # seconds between two samples


def soak(folder: Path, minutes: float) -> Outcome:
    """Everything. Takes so many minutes, and one more."""
    with prepared(folder) as place:
        keys = [
            place.newsdesk("keys", "create", "newsroom", "--scope", "predict", "--scope", "feedback"),
            place.newsdesk("keys", "create", "operator", "--scope", "admin"),
        ]
        tally, samples, begun = Tally(), list[Sample](), time.monotonic()
        with serving(folder, place.home, "--workers", "2", port=free_port(), **place.environment) as server:
            asyncio.run(_run(place, server, tally, samples, keys, minutes * 60))
            dropped = _dropped(server, keys[1])
            ending = _end(server)
            LOG.parent.mkdir(exist_ok=True)
            shutil.copy(server.log, LOG)
        tally.require(ending < API_TIMEOUT + 1, f"SIGTERM took {ending:.1f} s, with an API_TIMEOUT of {API_TIMEOUT} s")
        left = [path.name for path in place.temporary.rglob("*")]
        tally.require(not left, f"left among temporary files: {left}")
        return Outcome(
            minutes,
            place.has_disks,
            ending,
            samples,
            [Event(window.fault, window.begun - begun, window.ended - begun) for window in tally.windows],
            settle(place, tally, dropped),
            dict(tally.requests),
            dict(tally.answers),
            tally.longest,
            len(tally.unanswered),
        )


async def _run(
    place: Place, server: Server, tally: Tally, samples: list[Sample], keys: list[str], seconds: float
) -> None:
    begun, ending = time.monotonic(), asyncio.Event()
    scene = Scene(server.port, tally, keys[0], keys[1], ending)
    machine = Machine(place, server, scene, seconds=min(8.0, seconds / 20))
    await machine.until(lambda: server.starts() == 2, "two workers are up")
    clients = [asyncio.create_task(one) for one in all_of(scene)]
    sampling = asyncio.create_task(_sample(place, server, samples, begun, min(_LONGEST_INTERVAL, seconds / 30), scene))
    await in_turns(machine, pause=min(10.0, seconds / 60), until=begun + seconds)
    ending.set()
    for ended in await asyncio.gather(*clients, sampling, return_exceptions=True):
        tally.require(ended is None, f"a client failed: {ended!r}")
    await machine.until(lambda: _is_written(place), "the spool is written into the store")
    await asyncio.sleep(2)  # what is in the queues is written


async def _sample(
    place: Place, server: Server, samples: list[Sample], begun: float, interval: float, scene: Scene
) -> None:
    while not scene.ending.is_set():
        try:
            samples.append(await asyncio.to_thread(look, place, server, begun))
        except (OSError, IndexError):  # a worker is just being replaced
            scene.tally.notes["samples without a second worker"] += 1
        await scene.pause(interval)


def _is_written(place: Place) -> bool:
    return not any((place.home / "spool").glob("*.jsonl"))


def _dropped(server: Server, key: str) -> int:
    """Predictions that the server counted as not logged."""
    told = httpx.get(f"{server.address}/metrics", headers={"X-API-Key": key}, timeout=60).raise_for_status().text
    samples = [sample for family in text_string_to_metric_families(told) for sample in family.samples]
    wanted = "prediction_log_records_total"
    return sum(int(one.value) for one in samples if one.name == wanted and one.labels["result"] == "dropped")


def _end(server: Server) -> float:
    """Seconds until a server has ended that others still send to."""
    hanging = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(4)]
    for connection in hanging:
        connection.sendall(b"POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    begun = time.monotonic()
    server.stop()
    for connection in hanging:
        connection.close()
    return time.monotonic() - begun


if __name__ == "__main__":
    with TemporaryDirectory(prefix="soak-") as scratch:
        outcome = soak(Path(scratch), float(sys.argv[1]))
    print(json.dumps(asdict(outcome)))
