"""What goes wrong during a soak, in turns. Each is over, and the server as before, when its function returns."""

import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing, suppress
from functools import partial
from random import Random

import httpx

from benchmarks.soak.clients import Scene, lines
from benchmarks.soak.home import API_TIMEOUT, Place, end, filled
from tests.stack.running import Server

Fault = Callable[["Machine"], Awaitable[None]]
NDJSON = "POST /predict/batch HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {}\r\nContent-Type: application/x-ndjson\r\n"


class Machine:
    """A server, and what can be done to it. `seconds`: how long a fault lasts."""

    def __init__(self, place: Place, server: Server, scene: Scene, seconds: float) -> None:
        self.place, self.server, self.scene, self.seconds = place, server, scene, seconds
        self.tally = scene.tally

    async def command(self, *arguments: str) -> str:
        return await asyncio.to_thread(self.place.newsdesk, *arguments)

    async def workers(self) -> list[int]:
        return await asyncio.to_thread(self.server.workers)

    async def until(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait for it; noted where it does not come about."""
        deadline = time.monotonic() + seconds
        while not await asyncio.to_thread(condition):
            if time.monotonic() > deadline:
                self.tally.require(False, f"not within {seconds:g} s: {what}")
                return
            await asyncio.sleep(0.1)


async def worker_killed(machine: Machine) -> None:
    """The younger of the two: the other lives as long as the server, and shows whether it leaks."""
    workers, starts = await machine.workers(), machine.server.starts()
    with machine.tally.during("a worker killed"):
        end(workers[-1])
        await machine.until(lambda: machine.server.starts() > starts, "a new worker")


async def store_locked(machine: Machine) -> None:
    with machine.tally.during("the store locked"):
        await asyncio.to_thread(_lock, machine)


def _lock(machine: Machine) -> None:
    with closing(sqlite3.connect(machine.place.home / "newsdesk.db", isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(machine.seconds)
        other.execute("ROLLBACK")


async def disk_full(machine: Machine) -> None:
    with machine.tally.during("the disk full"):
        await asyncio.to_thread(_fill, machine, "home")


async def temporary_full(machine: Machine) -> None:
    """A worker dies just then."""
    with machine.tally.during("no room for temporary files"):
        filling = asyncio.create_task(asyncio.to_thread(_fill, machine, "temporary"))
        await asyncio.sleep(min(1, machine.seconds / 4))
        await worker_killed(machine)
        await filling


def _fill(machine: Machine, where: str) -> None:
    with filled(machine.place.folder / where) as fill:
        until = time.monotonic() + machine.seconds
        while time.monotonic() < until:
            time.sleep(0.1)
            fill()


async def slow_reader(machine: Machine) -> None:
    """Sends lines for as long as they are taken, reads nothing, and then all."""
    with machine.tally.during("a slow reader"):
        reader, writer = await asyncio.open_connection("127.0.0.1", machine.scene.port)
        sent, until = 0, time.monotonic() + min(machine.seconds, API_TIMEOUT / 4)
        body = lines(100, Random(1))
        try:
            writer.write(f"{NDJSON.format(machine.scene.key)}Transfer-Encoding: chunked\r\n\r\n".encode())
            while time.monotonic() < until:
                writer.write(b"%x\r\n%s\r\n" % (len(body), body))
                sent += 100
                with suppress(TimeoutError):
                    await asyncio.wait_for(writer.drain(), max(until - time.monotonic(), 0.01))
                await asyncio.sleep(0.1)
            writer.write(b"0\r\n\r\n")
            taken = (await asyncio.wait_for(_body(reader), 60)).splitlines()
            machine.tally.require(len(taken) == sent, f"a slow reader: {len(taken)} answers to {sent} lines")
            for line in taken:
                if identity := json.loads(line).get("prediction_id"):
                    machine.tally.predictions[identity] = time.monotonic()
        except (OSError, EOFError, TimeoutError):
            machine.tally.broken("a slow reader")
        finally:
            writer.close()


async def _body(reader: asyncio.StreamReader) -> bytes:
    """Of a chunked answer."""
    await reader.readuntil(b"\r\n\r\n")
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    return body


async def hung_up(machine: Machine) -> None:
    """Requests that are cut off, and answers that nobody takes."""
    with machine.tally.during("clients hang up"):
        for number in range(30):
            _, writer = await asyncio.open_connection("127.0.0.1", machine.scene.port)
            head = NDJSON.format(machine.scene.key)
            if number % 3 == 0:
                writer.write(f"{head}Content-Length: 100000\r\n\r\n".encode() + lines(5, Random(number)))
            elif number % 3 == 1:
                body = lines(20, Random(number))
                writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            else:
                writer.write(head[: 10 + number].encode())
            await asyncio.sleep(0.05)
            writer.transport.abort()


async def key_revoked(machine: Machine) -> None:
    """A key ends while a stream goes on under it."""
    with machine.tally.during("a key revoked"):
        key = await machine.command("keys", "create", "leaver", "--scope", "predict")
        revoked = asyncio.Event()
        after = 0

        async def body() -> AsyncIterator[bytes]:
            nonlocal after
            while not revoked.is_set():
                yield lines(2, Random(3))
                await asyncio.sleep(0.3)
            while after < 10:  # and the server must have ended it by then
                after += 1
                yield lines(2, Random(3))
                await asyncio.sleep(0.5)

        async with machine.scene.client(key) as client:
            await asyncio.sleep(1.5)  # a server looks once in a second
            headers = {"Content-Type": "application/x-ndjson"}
            streaming = asyncio.create_task(
                machine.scene.ask(client, "JSON Lines", "POST", "/predict/batch", content=body(), headers=headers)
            )
            await asyncio.sleep(1)
            await machine.command("keys", "revoke", "leaver")
            revoked.set()
            answer = await streaming
            if answer is not None:
                answers = [json.loads(line) for line in answer.content.splitlines()]
                machine.tally.require(answers[-1].get("code") == "invalid_key", f"a revoked key: {answers[-1]}")
                for one in answers[:-1]:
                    machine.tally.predictions[one["prediction_id"]] = time.monotonic()
            answer = await machine.scene.ask(client, "revoked", "POST", "/predict", json={"text": "May it still ask?"})
            machine.tally.require(answer is None or answer.status_code == 401, f"a revoked key: {answer}")


async def promotion(machine: Machine) -> None:
    """Version 2 is put in charge and taken back; the server follows. Where a change takes longer than anybody waits,
    it is answered 202, and the next one is refused until it is made.
    """
    with machine.tally.during("promotion and rollback"):
        async with machine.scene.client(machine.scene.admin) as client:
            for path, body, wanted in (("/model/promote", {"version": "2"}, "2"), ("/model/rollback", {}, "1")):
                await _change(machine, client, path, body)
                for _ in range(300):
                    answer = await machine.scene.ask(client, "/model/info", "GET", "/model/info")
                    if answer is not None and answer.json()["version"] == wanted:
                        break
                    await asyncio.sleep(0.5)
                else:
                    machine.tally.require(False, f"{path}: not in charge within 150 s")


async def _change(machine: Machine, client: httpx.AsyncClient, path: str, body: dict[str, str]) -> None:
    message = ""
    for _ in range(10):
        answer = await machine.scene.ask(client, path, "POST", path, json=body)
        if answer is None or answer.status_code in (200, 202):
            return
        message = answer.text
        if "under way" not in message:
            break
    machine.tally.require(False, f"{path}: {message}")


def all_of(place: Place) -> list[Fault]:
    """Those that this machine can have, in their order."""
    usual: list[Fault] = [worker_killed, store_locked, slow_reader, promotion, key_revoked, hung_up]
    return [*usual, disk_full, temporary_full] if place.has_disks else usual


async def in_turns(machine: Machine, pause: float, until: float) -> None:
    """One after the other, again and again, with a pause between; whole turns only, after the first."""
    faults = all_of(machine.place)
    turn = partial(_turn, machine, faults, pause)
    begun = time.monotonic()
    await turn()
    taken = time.monotonic() - begun
    while time.monotonic() + taken < until:
        await turn()
    await machine.scene.pause(max(0.0, until - time.monotonic()))


async def _turn(machine: Machine, faults: list[Fault], pause: float) -> None:
    for fault in faults:
        await machine.scene.pause(pause)
        print(f"{fault.__name__} … {machine.tally.wrong}", file=sys.stderr, flush=True)
        try:
            await fault(machine)
        except Exception as defect:  # noqa: BLE001 - the soak goes on, and tells
            machine.tally.require(False, f"{fault.__name__}: {type(defect).__name__}: {defect}")
