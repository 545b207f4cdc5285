"""Numbers in YAML, however they are written."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.config.config_files import load_config
from newsdesk.config.model_config import ModelConfig
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.yaml_parser import parse_yaml


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["{!r}", "{:e}", "{:E}", "{:.17g}"]))
def test_a_float_is_a_number_in_every_way_that_programs_write_it(number: float, form: str) -> None:
    written = form.format(number)
    read = parse_yaml(f"C: {written}")["C"]
    assert isinstance(read, float | int)
    assert read == float(written)


@pytest.mark.parametrize("written", ["1e-3", "1E-3", "1.e-3", ".1e-2", "+1e-3", "1.0e-3", "0.001"])
def test_a_thousandth_is_a_thousandth(written: str) -> None:
    assert parse_yaml(written) == 0.001


@pytest.mark.parametrize("written", ["e3", "1e", "1e-3x", "'1e-3'", '"1e5"', "1-e3", "a1e5", "."])
def test_what_is_a_text_stays_one(written: str) -> None:
    assert parse_yaml(f"- {written}") == yaml.safe_load(f"- {written}")
    assert isinstance(parse_yaml(f"- {written}")[0], str)


def test_numbers_may_be_written_so_wherever_our_files_expect_one(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("models: {logistic_regression: {C: 1e-3}}\ntuning: {naive_bayes: {alpha: [1e-3, 2e0]}}\n")
    models = load_config(file, ModelConfig)
    assert models.models["logistic_regression"]["C"] == 0.001
    assert models.tuning["naive_bayes"]["alpha"] == [0.001, 2.0]
    file.write_text("monitoring: {drift: {significance: 5e-4}, window: 3.6e3}\n")
    monitoring = load_config(file, PipelineConfig).monitoring
    assert (monitoring.drift.significance, monitoring.window) == (0.0005, 3600)


@pytest.mark.parametrize(
    ("written", "key", "line"),
    [
        ("gate: {rule: paired}\nother: 1\ngate: {rule: errors}\n", "gate", 1),
        ("outer:\n  aliases: {sport: sports, sport: games}\n", "sport", 2),
        ("- a: 1\n  b: 2\n  a: 1\n", "a", 1),
    ],
)
def test_a_key_that_is_given_twice_is_a_mistake_that_is_named(written: str, key: str, line: int) -> None:
    with pytest.raises(yaml.YAMLError, match=f"the key '{key}' is given 2 times in one section") as caught:
        parse_yaml(written)
    assert f"line {line}," in str(caught.value)


def test_the_same_key_in_two_sections_and_a_merged_one_are_none() -> None:
    written = "base: &base {a: 1, b: 2}\nother: {<<: *base, a: 3}\n"
    assert parse_yaml(written) == {"base": {"a": 1, "b": 2}, "other": {"a": 3, "b": 2}}
