"""What tests of images and compose files ask for: an engine that has the images, started once."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.engine import ROOT, Engine, missing_program, own_engine

FOLDER = ROOT / "var" / "engine"


@pytest.fixture(scope="session")
def engine(missing: Callable[[str], None]) -> Iterator[Engine]:
    """An engine with every image: the one that NEWSDESK_ENGINE names, or one of our own, for which they are built.

    That takes half an hour the first time and is kept in var/engine: therefore it is done only on request, by
    NEWSDESK_REQUIRE_ENGINE=1, as `scripts/run_tests.sh engine` does.
    """
    if there := os.environ.get("NEWSDESK_ENGINE"):
        yield Engine(there)
        return
    if not os.environ.get("NEWSDESK_REQUIRE_ENGINE"):
        pytest.skip("builds images for half an hour: scripts/run_tests.sh engine")
    if os.geteuid() != 0 or (what := missing_program()):
        missing("root, or " + (what if os.geteuid() == 0 else "a container engine"))
    with own_engine(FOLDER) as started:
        started.build(FOLDER)
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")
