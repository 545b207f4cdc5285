"""A container engine of the tests' own, and the compose files on it."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TARGETS = ("newsdesk", "newsdesk-train", "newsdesk-mlflow", "newsdesk-airflow")
PYTHON = "/opt/newsdesk/bin/python"  # in our images
PROGRAMS = ("dockerd", "docker", "debootstrap")
_COMPOSE = str(Path(sys.executable).parent / "docker-compose")
_HOURS = 3600


@dataclass(frozen=True)
class Engine:
    """A running engine, by its address."""

    address: str

    def run(self, *command: str, timeout: float = 600, variables: Mapping[str, str] | None = None) -> str:
        """The standard output of a command that talks to this engine; it must end well."""
        environment = os.environ | {"DOCKER_HOST": self.address, "DOCKER_BUILDKIT": "0"} | dict(variables or {})
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout, check=False
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def inspect(self, what: str) -> dict[str, Any]:
        """What the engine knows of a container or an image."""
        found: list[dict[str, Any]] = json.loads(self.run("docker", "inspect", what))
        return found[0]

    def build(self, folder: Path) -> None:
        """Make the stand-ins for images that cannot be pulled, and our own images."""
        self.run("sh", "tests/engine/stand_ins/make.sh", str(folder), timeout=2 * _HOURS)
        for target in TARGETS:
            self.build_image(target, f"{target}:latest")

    def build_image(self, target: str, tag: str, context: Path = ROOT) -> None:
        """Build one target of our Dockerfile. What was built before is kept, and not built again."""
        options = ["--network", "host", "--target", target, "--tag", tag]
        dockerfile = context / "deploy" / "docker" / "Dockerfile"
        self.run("docker", "build", *options, "--file", str(dockerfile), str(context), timeout=2 * _HOURS)


@dataclass(frozen=True)
class Stack:
    """The services of some compose files on an engine."""

    engine: Engine
    files: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)
    env_file: str = os.devnull

    def compose(self, *arguments: str, timeout: float = 900) -> str:
        """What Compose prints."""
        files = [word for file in self.files for word in ("-f", file)]
        command = [_COMPOSE, "--env-file", self.env_file, *files, *arguments]
        return self.engine.run(*command, timeout=timeout, variables=self.variables)

    def maintenance(self, *arguments: str) -> str:
        """What a command of Newsdesk prints in the container for maintenance."""
        return self.compose("run", "--rm", "-T", "maintenance", *arguments)

    def up(self, *without: str) -> None:
        """Start every service but these, and wait until all are healthy."""
        wanted = [name for name in self.compose("config", "--services").split() if name not in without]
        self.compose("up", "-d", "--wait", "--wait-timeout", "600", "--no-build", *wanted)

    def down(self) -> None:
        """Stop all, and forget what they held."""
        self.compose("--profile", "*", "down", "--volumes", "--remove-orphans")

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine knows of each service's container; of one of them, where there are more."""
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in self.inspected()}

    def inspected(self, *services: str) -> list[dict[str, Any]]:
        """What the engine knows of every container of these services, or of all."""
        return [self.engine.inspect(one) for one in self.compose("ps", "--all", "--quiet", *services).split()]


@contextmanager
def own_engine(folder: Path) -> Iterator[Engine]:
    """An engine that keeps everything in `folder`; stopped at the end. Needs root."""
    folder.mkdir(parents=True, exist_ok=True)
    address = f"unix://{folder}/docker.sock"
    command = ["dockerd", "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec"), "-H", address]
    with (folder / "dockerd.log").open("wb") as log:
        process = subprocess.Popen([*command, "--pidfile", str(folder / "docker.pid")], stdout=log, stderr=log)
    try:
        _wait_for(Path(folder / "docker.sock"), process)
        yield Engine(address)
    finally:
        process.terminate()
        process.wait(timeout=60)
        left = folder / "exec" / "netns" / "default"  # dockerd leaves it mounted
        subprocess.run(["umount", str(left)], check=False, capture_output=True)


def missing_program() -> str | None:
    """The first program that is not here; None where all are."""
    return next((name for name in PROGRAMS if shutil.which(name) is None), None)


def _wait_for(socket: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while not socket.exists():
        assert process.poll() is None, (socket.parent / "dockerd.log").read_text(encoding="utf-8")[-2000:]
        assert time.monotonic() < deadline, "dockerd does not answer"
        time.sleep(0.2)
