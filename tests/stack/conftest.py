"""What stack tests ask for."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack.servers import postgresql_programs


@pytest.fixture(scope="session")
def programs(missing: Callable[[str], None]) -> Path:
    """The folder with PostgreSQL's programs; the test is skipped where it is not installed."""
    found = postgresql_programs()
    if found is None:
        missing("PostgreSQL")
    assert found
    return found
