from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.api.builders import Api, running


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A running application with the default settings."""
    with running(tmp_path) as api:
        yield api
