"""Whatever a body holds, within its limits: the event loop stays free, and memory within bounds.

Every endpoint of the application with a body is tried, so that a new one is covered by itself. Each is sent bodies of
its whole size and of its whole number of items, made of what costs a decoder, a validator or a model the most.
"""

import asyncio
import ctypes
import gc
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from newsdesk.serving.app import create_app
from newsdesk.serving.body_limits import FORM, BodyLimits
from newsdesk.serving.json_route import JsonRoute
from tests.builders import settings_in
from tests.integration.api.builders import listening, predictor
from tests.integration.hostile import BODIES
from tests.serving import service_of

MOST_DELAY = 0.1  # seconds of this process's own time, so that a busy machine does not count
MIB = 2**20
SMALL = 64 * 1024  # bytes; what is smaller is measured together
JSON = "application/json"


def routes() -> dict[str, BodyLimits]:
    """A path of every endpoint that takes a body, and its limits."""
    app = create_app(service_of(settings_in(Path()), None))
    taken = {route.endpoint: route for route in app.routes if isinstance(route, JsonRoute) and route.body_limits}
    return {
        route.path.format(name="news-classifier", version="champion"): route.body_limits
        for route in taken.values()
        if route.body_limits
    }


LIMITS = routes()


def quoted(piece: str, size: int, begin: str = "") -> str:
    """A string of `piece` again and again, in so many bytes."""
    return f'"{begin}{piece * (size // len(piece.encode()))}"'


def listed(piece: str, count: int) -> str:
    return f"[{','.join([piece] * max(count, 1))}]"


@lru_cache(maxsize=4)
def keys(count: int) -> str:
    return ",".join([f'"{number:x}":0' for number in range(count)])


def rows(count: int) -> str:
    """Objects, each with a column that no other has."""
    others = ",".join([f'"c{number}":1' for number in range(6)])
    return f"[{','.join([f'{_row(number)},{others}}}' for number in range(count)])}]"


def _row(number: int) -> str:
    return f'{{"text":"goal {number}","{number:x}":0'


BELOW, ABOVE, ZERO_WIDTH = "\u0316", "\u0300", "\u200b"  # marks that Unicode sorts, and a blank that nobody sees
LONGEST = 1_000_000  # characters

# What a value can be, by the bytes and the items that may be spent on it.
WORST: dict[str, Callable[[int, int], str]] = {
    "letters": lambda size, _: quoted("a", size),
    "words": lambda size, _: quoted("goal ", min(size, LONGEST)),
    "escapes": lambda size, _: quoted(r"\n", size),
    "escaped quotes and commas": lambda size, _: quoted(r"\",", size),
    "backslashes": lambda size, _: quoted(r"\\", size),
    "marks to sort": lambda size, _: quoted(BELOW + ABOVE, min(size, 2 * LONGEST - 10), "a"),
    "few marks to sort": lambda size, _: quoted("a" + 15 * ABOVE + 15 * BELOW, min(size, LONGEST * 61 // 31)),
    "nothing to be seen": lambda size, _: quoted("\u6f22" + ZERO_WIDTH, min(size, 3 * LONGEST)),
    "digits behind the point": lambda size, _: f"0.{'1' * size}",
    "long whole numbers": lambda size, items: listed("9" * 100, min(items, size // 101)),
    "longer whole numbers": lambda size, items: listed("9" * 4_000, min(items, size // 4_001)),
    "numbers": lambda size, items: listed("1.5", min(items, size // 4)),
    "empty lists": lambda size, items: listed("[]", min(items // 2, size // 3)),
    "empty objects": lambda size, items: listed("{}", min(items // 2, size // 3, 10_000)),
    "objects": lambda size, items: listed('{"a":0}', min(items // 2, size // 8)),
    "numbers in a list": lambda size, items: f"[{listed('1.5', min(items, size // 4))}]",
    "objects in a list": lambda size, items: f"[{listed('{}', min(items // 2, size // 3))}]",
    "texts": lambda size, items: listed('"goal"', min(items, 10_000, size // 7)),
    "texts in lists": lambda size, items: listed('["goal"]', min(items // 2, 10_000, size // 9)),
    "rows": lambda size, items: rows(min(items // 9, size // 80, 10_000)),
    "keys": lambda size, items: f"{{{keys(min(items, size // 10, 9_990))}}}",
    "many objects of many keys": lambda size, items: listed(
        f"{{{keys(min(items, size // 10, 9_990))}}}", min(items // 10_000, size // 90_000)
    ),
    "more keys": lambda size, items: f"{{{keys(min(items, size // 10))}}}",
    "depth": lambda size, items: "[" * min(items, size // 2) + "]" * min(items, size // 2),
    "too many keys": lambda size, _: f"{{{keys(size // 10 // 1000 * 1000)}}}",
    "too many objects": lambda size, _: listed("{}", size // 3),
    "too deep": lambda size, _: "[" * size,
}


def bodies(path: str, limits: BodyLimits) -> Iterator[tuple[str, bytes]]:
    """Bodies for one path: what is worst stands where a text belongs, and as a field that is not known."""
    form = BODIES[path].decode()  # KeyError: name there what the new endpoint takes
    good = form % '"goal"'
    size, items = limits.size - len(good) - 20, limits.items - 20
    for name, worst in WORST.items():
        value = worst(size, items)
        whole = form.replace("[%s]", "%s") if value[0] == "[" else form
        yield name, (whole % value).encode()
        if value[0] in "[{":
            yield f"{name}, not known", good.replace("{", f'{{"zz":{value},', 1).encode()
    yield "unknown fields", good.replace("{", f"{{{keys(min(items, size // 10))},", 1).encode()
    yield "too many unknown fields", good.replace("{", f"{{{keys(size // 10 // 1000 * 1000)},", 1).encode()


@dataclass
class Watch:
    """How long the event loop did not get its turn, at the longest."""

    delay: float = 0

    async def run(self) -> None:
        before = time.perf_counter(), time.process_time()
        while True:
            await asyncio.sleep(0.002)
            now = time.perf_counter(), time.process_time()
            self.delay = max(self.delay, min(now[0] - before[0], now[1] - before[1]))
            before = now


@contextmanager
def watched(folder: Path) -> Iterator[tuple[Watch, str, int]]:
    """A server whose event loop is watched, its host and its port."""
    service = service_of(settings_in(folder), predictor())
    watch, app = Watch(), create_app(service)

    async def watching(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            tasks.append(asyncio.get_running_loop().create_task(watch.run()))
        await app(scope, receive, send)

    tasks: list[asyncio.Task[None]] = []
    with listening(watching) as address:  # type: ignore[arg-type]  # an ASGI application as well
        host, port = address.removeprefix("http://").split(":")
        yield watch, host, int(port)
        tasks[0].get_loop().call_soon_threadsafe(tasks[0].cancel)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Watch, str, int]]:
    with watched(tmp_path_factory.mktemp("bodies")) as found:
        yield found


def status_of(host: str, port: int, path: str, body: bytes, content_type: str = JSON) -> int:
    """The status of the answer. Nothing is done meanwhile that would take the interpreter from the server."""
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {content_type}\r\ncontent-length: {len(body)}\r\n"
    with socket.create_connection((host, port), timeout=60) as connection:
        connection.sendall(head.encode() + b"connection: close\r\n\r\n")
        connection.sendall(body)
        answer = connection.recv(2**16)
        while connection.recv(2**20):
            pass
    return int(answer.split()[1])


LINES = {
    "empty lists": listed("[]", 4_990),
    "empty objects": listed("{}", 4_990),
    "texts": listed('"goal"', 9_990),
    "keys": f"{{{keys(9_990)}}}",
}


def resident(peak: bool = False) -> int:
    """Bytes of memory that this process has, or has had at most since `forget_peak`."""
    wanted = "VmHWM:" if peak else "VmRSS:"
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(wanted))


def forget_peak() -> int:
    """Give back what is free, and say what is left."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return resident()


def measured(server: tuple[Watch, str, int], path: str, *bodies: bytes, content_type: str = JSON) -> tuple[float, int]:
    """For how many seconds the event loop was late, and by how many bytes memory grew, while `bodies` were answered."""
    watch, host, port = server
    before = forget_peak()
    time.sleep(0.01)
    watch.delay = 0
    for body in bodies:
        assert status_of(host, port, path, body, content_type) < 500
    return watch.delay, resident(peak=True) - before


@pytest.mark.parametrize("path", LIMITS)
def test_the_worst_bodies_leave_the_event_loop_free_and_memory_within_bounds(
    path: str, server: tuple[Watch, str, int]
) -> None:
    late: dict[str, float] = {}
    large: dict[str, int] = {}
    small: list[bytes] = []
    for name, body in bodies(path, LIMITS[path]):
        assert len(body) <= LIMITS[path].size, name
        if len(body) < SMALL:
            small.append(body)
            continue
        delay, grown = measured(server, path, body)
        if delay > MOST_DELAY:  # again, for the machine may have been busy
            delay = min(measured(server, path, body)[0] for _ in range(3))
        if delay > MOST_DELAY:
            late[name] = delay
        if grown > 10 * len(body) + 32 * MIB:
            large[name] = grown
    delay, grown = measured(server, path, *small)
    if delay > MOST_DELAY:
        delay = min(measured(server, path, *small)[0] for _ in range(3))
    assert (late, large, delay < MOST_DELAY, grown < 32 * MIB) == ({}, {}, True, True)


@pytest.mark.parametrize("kind", LINES)
def test_a_stream_of_the_worst_lines_leaves_the_event_loop_free_and_memory_within_bounds(
    kind: str, server: tuple[Watch, str, int]
) -> None:
    lines = 20 * f'{{"text":"goal","zz":{LINES[kind]}}}\n'.encode()
    delay, grown = measured(server, "/predict/batch", lines, content_type="application/x-ndjson")
    if delay > MOST_DELAY:
        more = [measured(server, "/predict/batch", lines, content_type="application/x-ndjson")[0] for _ in range(3)]
        delay = min(more)
    assert (delay < MOST_DELAY, grown < 32 * MIB) == (True, True)


@pytest.mark.parametrize("line", [b"{}", b"[]", b'{"text":""}', b"\xff\xfe[[", b"1", b" ", b""])
def test_a_stream_of_many_lines_that_are_refused_leaves_the_event_loop_free(
    line: bytes, server: tuple[Watch, str, int]
) -> None:
    lines = 40_000 * (line + b"\n") if line.strip() else 500_000 * (line + b"\n")
    delay, _ = measured(server, "/predict/batch", lines, content_type="application/x-ndjson")
    if delay > MOST_DELAY:
        delay = min(measured(server, "/predict/batch", lines, content_type="application/x-ndjson")[0] for _ in range(3))
    assert delay < MOST_DELAY


@pytest.mark.parametrize("piece", ["goal ", "\u6f22", "goal \U0001f600 ", "\ufb03", "\u0635\u0648\u062a ", "a\u0300"])
def test_the_longest_text_that_is_kept_with_feedback_leaves_the_event_loop_free(
    piece: str, server: tuple[Watch, str, int]
) -> None:
    text = piece * (LONGEST // len(piece))
    body = f'{{"text": "{text}", "category": "sport", "editor": "r.burns"}}'.encode()
    assert status_of(*server[1:], "/feedback", body) == 201  # it is looked at to its end
    delay, _ = measured(server, "/feedback", body)
    if delay > MOST_DELAY:
        delay = min(measured(server, "/feedback", body)[0] for _ in range(3))
    assert delay < MOST_DELAY


@pytest.mark.parametrize("path", LIMITS)
def test_nginx_takes_as_much_as_the_endpoint_and_little_more(path: str) -> None:
    text = Path("deploy/nginx/locations.conf").read_text(encoding="utf-8")
    everywhere, *locations = re.split(r"^location ", text, flags=re.MULTILINE)
    own = [one for one in locations if one[0] == "~" and re.search(one[1:].split("{")[0].strip(), path)]
    said = re.search(r"client_max_body_size (\d+)([km]?);", own[0] if own else everywhere)
    assert said
    most = int(said[1]) * {"": 1, "k": 1024, "m": MIB}[said[2]]
    if path != "/predict/batch":  # JSON Lines have no end; what is no JSON Lines is measured there by another rule
        assert LIMITS[path].size <= most <= 2 * LIMITS[path].size


def test_every_limit_is_documented() -> None:
    page = Path("docs/api.md").read_text(encoding="utf-8")
    for path, limits in LIMITS.items():
        size = f"{limits.size // MIB} MiB" if limits.size >= MIB else f"{limits.size // 1024} KiB"
        named = path.replace("news-classifier", "{name}").replace("champion", "{version}")
        own = f"| `{named}` | {size} | {limits.items:,} |"
        assert own in page or (limits == FORM and f"| every other | {size} | {limits.items:,} |" in page)
