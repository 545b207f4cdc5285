"""Load by `wrk`: one thread, connections that never pause, another text with every request."""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

SCRIPT = Path(__file__).with_name("requests.lua")
GRACE = 60  # seconds that wrk may take beyond the time it was given
WARM_UP = 0.25  # of the time that is measured


class LoadError(Exception):
    """wrk failed, or said nothing that can be read."""


@dataclass(frozen=True)
class Target:
    """Where to post, and the JSON on either side of the text."""

    url: str
    before: str
    behind: str


@dataclass(frozen=True)
class Load:
    """What one measurement sends. `texts` has one JSON-escaped text a line; `repeated` sends them again and again."""

    texts: Path
    connections: int
    seconds: int
    repeated: bool = False


@dataclass(frozen=True)
class Measured:
    """What wrk counted; latency in milliseconds. `errors`: answers of 400 and above, broken connections, time-outs."""

    requests: int
    seconds: float
    errors: int
    p50: float
    p95: float
    p99: float

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return (self.requests - self.errors) / self.seconds


def write_texts(file: Path, texts: Iterable[str]) -> Path:
    """Texts as wrk's script reads them: JSON strings without their quotes, one a line."""
    file.write_text("".join(json.dumps(text)[1:-1] + "\n" for text in texts), encoding="ascii")
    return file


def measure(target: Target, load: Load) -> Measured:
    """Warm up, then measure. Raises `LoadError`."""
    warm_up(target, load)
    return measure_warm(target, load)


def warm_up(target: Target, load: Load) -> None:
    """Ask for a quarter of the time, and measure nothing. Raises `LoadError`."""
    _wrk(target, load, max(1, round(load.seconds * WARM_UP)))


def measure_warm(target: Target, load: Load) -> Measured:
    """Measure a server that is warm. Raises `LoadError`."""
    return parse(_wrk(target, load, load.seconds))


def parse(output: str) -> Measured:
    """Read the JSON in the last line that wrk printed. Raises `LoadError`."""
    try:
        said = json.loads(output.rstrip().rpartition("\n")[2])
        return Measured(
            requests=said["requests"],
            seconds=said["seconds"],
            errors=said["refused"] + said["broken"] + said["timed_out"],
            p50=said["p50_ms"],
            p95=said["p95_ms"],
            p99=said["p99_ms"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LoadError(f"wrk printed no result: {output[-500:]!r}") from error


def _wrk(target: Target, load: Load, seconds: int) -> str:
    word = [] if load.repeated else [f"w{uuid4().hex[:12]}x"]
    command = ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT)]
    command += [target.url, "--", str(load.texts), target.before, target.behind, *word]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + GRACE, check=False)
    if done.returncode:
        raise LoadError(f"wrk failed: {done.stderr.strip()}")
    return done.stdout
