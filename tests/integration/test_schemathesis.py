"""The real server keeps what its OpenAPI description promises: some hundred requests here, twenty thousand in
`python -m benchmarks fuzzing`.
"""

from pathlib import Path

import pytest

from benchmarks.fuzzing import CHANGES, OFFICIAL, Authentication, fill_registry, fuzz
from tests.integration.test_serve_command import save_champion


@pytest.mark.parametrize("authentication", ["off", "on"])
def test_every_endpoint_keeps_its_description(tmp_path: Path, authentication: Authentication) -> None:
    save_champion(tmp_path)
    found = fuzz(tmp_path, authentication, ["--exclude-path-regex", CHANGES, "--max-examples", "3", "--seed", "1"])
    assert found.failures == []
    assert found.operations == 20
    assert found.requests > 500


def test_the_open_inference_protocol_is_kept_as_its_own_specification_says(tmp_path: Path) -> None:
    if not OFFICIAL.is_file():
        pytest.skip("the official specification lies beside the checkout only on developers' machines")
    fill_registry(tmp_path)
    few = ["--max-examples", "5", "--seed", "1", "--phases", "coverage,fuzzing"]  # one request leads to no other here
    found = fuzz(tmp_path, "on", few, OFFICIAL)
    assert found.failures == []
    assert found.operations == 9
    assert found.answers["POST /v2/models/{name}/infer 200"] >= 10
    assert found.answers["POST /v2/models/{name}/versions/{version}/infer 400"] >= 10
