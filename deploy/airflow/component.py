"""One process of Airflow, with all that it starts."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.airflow.settings import HOST, Airflow

_GRACE = 20  # seconds to end by itself


class Component:
    """`api-server`, `scheduler`, `dag-processor` or `triggerer`; its log is in the home of the Airflow."""

    def __init__(self, airflow: Airflow, name: str) -> None:
        self._airflow, self.name = airflow, name
        self.log = airflow.home / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def start(self) -> None:
        """Start it, in a session of its own."""
        address = ["--host", HOST, "--port", str(self._airflow.port)] if self.name == "api-server" else []
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._airflow.program), self.name, *address],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._airflow.environment,
                cwd=self._airflow.home,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask it to end, and end whatever of it is left after a while."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_GRACE)
        self._end(process)

    def kill(self) -> None:
        """End it at once, as a crash of the machine would."""
        process, self._process = self._process, None
        if process is not None:
            self._end(process)

    def _end(self, process: "subprocess.Popen[bytes]") -> None:
        for member in session_of(process.pid):  # tasks are in groups of their own, and in the same session
            with suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)
        process.wait()


def session_of(leader: int) -> list[int]:
    """The processes of a session, by /proc; where there is none, the leader alone."""
    stats = [path / "stat" for path in Path("/proc").glob("[0-9]*")]
    return [int(stat.parent.name) for stat in stats if _session(stat) == leader] if stats else [leader]


def _session(stat: Path) -> int | None:
    try:
        return int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[3])
    except (OSError, IndexError):
        return None


@contextmanager
def running(airflow: Airflow, *names: str) -> Iterator[dict[str, Component]]:
    """Components of those names, started; stopped in the end, the last first."""
    components = {name: Component(airflow, name) for name in names}
    try:
        for component in components.values():
            component.start()
        yield components
    finally:
        for component in reversed(components.values()):
            component.stop()
