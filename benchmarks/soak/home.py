"""What the server under test lives in: a home trained on the sample, and temporary files, each on a small disk."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from newsdesk.config.settings import Settings
from tests.stack.running import register

HOME_BYTES, TEMPORARY_BYTES = 768 * 1024**2, 64 * 1024**2
API_TIMEOUT = 20  # seconds
_MODELS = "models: {logistic_regression: {C: 10.0}}\n"
_PATIENCE = 300  # seconds


@dataclass(frozen=True)
class Place:
    """Folders of a soak. `has_disks`: whether home and temporary files have small disks of their own."""

    folder: Path
    has_disks: bool

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def temporary(self) -> Path:
        return self.folder / "temporary"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "NEWSDESK_HOME": str(self.home),
            "NEWSDESK_CONFIG_DIR": str(self.folder / "configs"),
            "TMPDIR": str(self.temporary),
            "API_AUTH": "true",
            "API_SECRET_KEY": "of-this-soak-alone-" * 3,
            "API_TIMEOUT": str(API_TIMEOUT),
            "STORE_TEXT": "true",
            "MODEL_REFRESH_INTERVAL": "1",
            "PREDICTION_CACHE_SIZE": "1000",  # full within the first minutes
        }

    def newsdesk(self, *arguments: str) -> str:
        """What a command prints. Raises `CalledProcessError`."""
        done = subprocess.run(
            [sys.executable, "-m", "newsdesk", *arguments],
            cwd=self.folder,
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
        return done.stdout.strip()


@contextmanager
def prepared(folder: Path) -> Iterator[Place]:
    """A home in which version 1, trained by the main job, is in charge, and another may be promoted."""
    for name in ("home", "temporary", "configs"):
        (folder / name).mkdir()
    with _disk(folder / "home", HOME_BYTES) as has_home, _disk(folder / "temporary", TEMPORARY_BYTES) as has_temporary:
        place = Place(folder, has_home and has_temporary)
        (folder / "configs" / "model_config.yaml").write_text(_MODELS, encoding="utf-8")
        place.newsdesk("run", "--no-serve")
        register(Settings.model_validate(place.environment), alpha=0.1)
        yield place


@contextmanager
def _disk(folder: Path, size: int) -> Iterator[bool]:
    """Whether the folder became a small file system, which needs a mount namespace of one's own, or root."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield is_mounted
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


@contextmanager
def filled(folder: Path) -> Iterator[Callable[[], None]]:
    """A disk without room; what it gives takes away the room that came about meanwhile."""
    filler = folder / "filler"
    with filler.open("wb") as file:

        def fill() -> None:
            for size in (1024**2, 4096):
                try:
                    while True:
                        os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
                except OSError:
                    continue

        fill()
        yield fill
    filler.unlink()


def end(process: int) -> None:
    """Kill a process that the soak has started."""
    os.kill(process, signal.SIGKILL)
