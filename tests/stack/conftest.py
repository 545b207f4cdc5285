"""What stack tests ask for."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.stack.servers import Postgresql, postgresql_programs, stoppable_postgresql
from tests.unit.store.rows import opened


@pytest.fixture(scope="session")
def programs(missing: Callable[[str], None]) -> Path:
    """The folder with PostgreSQL's programs; the test is skipped where it is not installed."""
    found = postgresql_programs()
    if found is None:
        missing("PostgreSQL")
    assert found
    return found


@pytest.fixture(scope="module")
def server(programs: Path) -> Iterator[Postgresql]:
    """A PostgreSQL of a module's own."""
    with stoppable_postgresql(programs) as server:
        yield server


@pytest.fixture
def address(server: Postgresql) -> str:
    """An empty database in it, of its own for every test."""
    name = f"test{time.time_ns()}"
    with opened(server.address) as store, store.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(f"CREATE DATABASE {name}"))
    return f"{server.address.rpartition('/')[0]}/{name}"
