import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.registry.version import describe, newest_first

TAGS = {"digest": "sha256:0", "model_type": "MLPClassifier", "dataset_version": "d1", "accuracy": "0.875"}


def test_a_version_is_told_by_its_tags_and_those_aliases_that_name_it() -> None:
    version = describe(3, 1_700_000_000_500, TAGS, {"previous": 2, "champion": 3, "challenger": 3})
    assert (version.version, version.digest, version.model_type, version.dataset_version, version.accuracy) == (
        "3",
        "sha256:0",
        "MLPClassifier",
        "d1",
        0.875,
    )
    assert version.aliases == ("challenger", "champion")
    assert version.registered_at == datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("accuracy", ["", "good", "0.9 %"])
def test_an_accuracy_that_is_no_number_is_unknown(accuracy: str) -> None:
    assert math.isnan(describe(1, 0, TAGS | {"accuracy": accuracy}, {}).accuracy)


@given(numbers=st.lists(st.integers(0, 10_000), unique=True))
def test_versions_are_ordered_by_number_and_not_by_letter(numbers: list[int]) -> None:
    versions = newest_first([describe(number, 0, {}, {}) for number in numbers])
    assert [int(version.version) for version in versions] == sorted(numbers, reverse=True)
