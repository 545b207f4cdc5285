"""The real server keeps what its OpenAPI description promises: some hundred requests here, twenty thousand in
`python -m benchmarks fuzzing`.
"""

from pathlib import Path

import pytest

from benchmarks.fuzzing import CHANGES, Authentication, fuzz
from tests.integration.test_serve_command import save_champion


@pytest.mark.parametrize("authentication", ["off", "on"])
def test_every_endpoint_keeps_its_description(tmp_path: Path, authentication: Authentication) -> None:
    save_champion(tmp_path)
    found = fuzz(tmp_path, authentication, ["--exclude-path-regex", CHANGES, "--max-examples", "3", "--seed", "1"])
    assert found.failures == []
    assert found.operations == 20
    assert found.requests > 500
