"""Start one contender after another, check that it answers with the model's probabilities, and measure it."""

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from math import isclose
from pathlib import Path
from statistics import median

from benchmarks.serving.contenders import Contender
from benchmarks.serving.environments import EnvironmentUnavailableError
from benchmarks.serving.load import Load, LoadError, Measured, Target, measure, measure_warm, warm_up
from benchmarks.serving.model import SavedModel
from benchmarks.serving.process import Memory, Server, ServerError, post, running
from tests.stack.servers import free_port


class AnswerError(Exception):
    """A contender does not answer as the model does."""


@dataclass(frozen=True)
class Point:
    """One row of the table: a kind of texts, how many connections, and what was counted."""

    kind: str
    connections: int
    measured: Measured


@dataclass(frozen=True)
class Turn:
    """Good answers a second, and the milliseconds of processor that the server had for each request."""

    rate: float
    processor: float


@dataclass(frozen=True)
class Result:
    """What was seen of one contender, or the reason why nothing was. Memory is taken after the load."""

    name: str
    cold_starts: list[float] = field(default_factory=list)
    memory: Memory | None = None
    points: list[Point] = field(default_factory=list)
    skipped: str | None = None

    def rate(self, kind: str, connections: int) -> float | None:
        """Requests a second; None where it was not measured."""
        found = (p.measured.rate for p in self.points if (p.kind, p.connections) == (kind, connections))
        return next(found, None)

    @property
    def cold_start(self) -> float:
        return median(self.cold_starts)


@dataclass(frozen=True)
class Bench:
    """What all contenders share. `folder` holds what they write; `starts` is how often each is started."""

    folder: Path
    environments: Path
    model: SavedModel
    probes: Sequence[str]
    starts: int = 3

    def run(self, contender: Contender, loads: Iterable[tuple[str, Load]]) -> Result:
        """Measure one contender; never raises for what is wrong with it alone."""
        print(f"  {contender.name} …", file=sys.stderr, flush=True)
        try:
            result = self._run(contender, loads)
        except (AnswerError, EnvironmentUnavailableError, LoadError, ServerError) as error:
            print(f"  {contender.name} is left out: {error}", file=sys.stderr, flush=True)
            result = Result(contender.name, skipped=str(error))
        raw = json.dumps(asdict(result), indent=1)
        (self.folder / f"{_file_name(contender)}.json").write_text(raw + "\n", encoding="utf-8")
        return result

    def in_turns(self, contenders: Sequence[Contender], load: Load, rounds: int) -> list[dict[str, Turn]]:
        """What was seen of each by its name, round by round. All servers are up, one is asked at a time, in turns of
        seconds: what slows the machine for a while slows all alike. Raises what `run` would leave out.
        """
        found: list[dict[str, Turn]] = []
        with ExitStack() as servers:
            started = {}
            for contender in contenders:
                server = servers.enter_context(self._started(contender, Path(sys.executable).parent))
                self._check(contender, server)
                started[contender.name] = server, _target(contender, server)
            for turn in range(rounds):
                print(f"  round {turn + 1} of {rounds} …", file=sys.stderr, flush=True)
                order = list(started.items())[:: 1 if turn % 2 else -1]
                found.append({name: _turn(server, target, load) for name, (server, target) in order})
        return found

    def _run(self, contender: Contender, loads: Iterable[tuple[str, Load]]) -> Result:
        environment = contender.environment
        programs = environment.ready_in(self.environments) if environment else Path(sys.executable).parent
        cold_starts = [self._cold_start(contender, programs) for _ in range(self.starts - 1)]
        with self._started(contender, programs) as server:
            self._check(contender, server)
            points = [Point(kind, load.connections, measure(_target(contender, server), load)) for kind, load in loads]
            memory = server.memory()
        return Result(contender.name, [*cold_starts, server.cold_start], memory, points)

    def _cold_start(self, contender: Contender, programs: Path) -> float:
        with self._started(contender, programs) as server:
            return server.cold_start

    def _started(self, contender: Contender, programs: Path) -> AbstractContextManager[Server]:
        port, folder = free_port(), self.folder / _file_name(contender)
        folder.mkdir(exist_ok=True)
        command = contender.command(port, self.model, folder)
        if not Path(command[0]).is_absolute():
            command[0] = str(programs / command[0])
        variables = contender.variables(self.model, programs)
        return running(command, variables, folder, port, contender.path, contender.body(self.probes[0]))

    def _check(self, contender: Contender, server: Server) -> None:
        for text in self.probes:
            status, answer = post(server.port, contender.path, contender.body(text))
            if status != HTTPStatus.OK:
                raise AnswerError(f"it answered {status}")
            if contender.probabilities:
                said, expected = contender.probabilities(json.loads(answer)), self.model.probabilities(text)
                if said.keys() != expected.keys() or not all(
                    isclose(said[name], expected[name], abs_tol=1e-6) for name in expected
                ):
                    raise AnswerError("its probabilities are not the model's")


def _turn(server: Server, target: Target, load: Load) -> Turn:
    warm_up(target, load)
    before = server.processor_seconds()
    measured = measure_warm(target, load)
    return Turn(measured.rate, (server.processor_seconds() - before) * 1000 / measured.requests)


def _target(contender: Contender, server: Server) -> Target:
    return Target(f"http://127.0.0.1:{server.port}{contender.path}", contender.before, contender.behind)


def _file_name(contender: Contender) -> str:
    return "-".join("".join(letter if letter.isalnum() or letter == "." else " " for letter in contender.name).split())
