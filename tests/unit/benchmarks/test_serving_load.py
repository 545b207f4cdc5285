"""Texts go to the load generator unharmed, and what it counts is read as it is."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.serving.load import LoadError, Measured, parse, write_texts

COUNTED = (
    '{"requests": 50, "seconds": 2.0, "refused": 3, "broken": 2, "timed_out": 5, "p50_ms": 1, "p95_ms": 2, "p99_ms": 3}'
)


@given(st.lists(st.text()))
def test_every_text_is_one_line_that_fits_into_a_json_string(texts: list[str]) -> None:
    with TemporaryDirectory() as folder:
        lines = write_texts(Path(folder) / "texts.txt", texts).read_text(encoding="ascii").split("\n")[:-1]
    assert [json.loads(f'{{"text": "{line} w1"}}')["text"] for line in lines] == [f"{text} w1" for text in texts]


def test_all_that_went_wrong_is_an_error_and_none_of_it_counts_as_speed() -> None:
    measured = parse(f"Running 2s test\n  1 threads\n\n{COUNTED}\n")
    assert measured == Measured(requests=50, seconds=2.0, errors=10, p50=1, p95=2, p99=3)
    assert measured.rate == 20.0


@pytest.mark.parametrize("output", ["", "unable to connect\n", '{"requests": 50}\n', "7\n"])
def test_output_without_a_result_is_refused(output: str) -> None:
    with pytest.raises(LoadError, match="no result"):
        parse(output)
