"""Folders made to harm whoever loads them: each is refused with a `BundleError`, and quickly."""

import json
import os
import struct
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.errors import BundleError
from newsdesk.model.bundle_files import MANIFEST, SIZE_LIMITS, VOCABULARY, WEIGHTS, load_bundle, save_bundle
from newsdesk.model.predictor import Predictor
from tests.builders import sample_calibration
from tests.unit.model.forgeries import CLASSIFIERS, FORGERIES, bundle, put_sealed, with_manifest

FILES = [MANIFEST, VOCABULARY, WEIGHTS]


def saved(folder: Path, kind: str = "linear") -> Path:
    save_bundle(bundle(kind), folder / "bundle")
    return folder / "bundle"


def put_in_manifest(folder: Path, before: str, after: str) -> None:
    text = (folder / MANIFEST).read_text(encoding="utf-8")
    assert before in text
    (folder / MANIFEST).write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize(("kind", "wrong"), FORGERIES)
def test_parts_that_do_not_fit_are_refused_though_their_digests_do(kind: str, wrong: str, tmp_path: Path) -> None:
    forge, reason = FORGERIES[kind, wrong]
    forged = forge(bundle(kind))
    save_bundle(forged, tmp_path / "bundle")
    with pytest.raises(BundleError, match=reason):
        load_bundle(tmp_path / "bundle")
    with pytest.raises(BundleError, match=reason):
        Predictor(forged)


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_an_honest_bundle_of_each_kind_is_let_pass(kind: str, tmp_path: Path) -> None:
    assert Predictor(load_bundle(saved(tmp_path, kind))).predict("The bank").category in bundle(kind).manifest.classes


@pytest.mark.parametrize("name", FILES)
def test_a_link_in_place_of_a_file_is_not_followed(name: str, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match=name):
        load_bundle(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_pipe_in_place_of_a_file_is_not_waited_for(name: str, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(BundleError, match=f"{name} is no plain file"):
        load_bundle(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_too_large_is_refused_unread(name: str, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    os.truncate(folder / name, SIZE_LIMITS[name] + 1)  # a hole: it takes no room on the disk
    with pytest.raises(BundleError, match=f"{name} is larger than"):
        load_bundle(folder)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F64", "shape": [2**62, 4], "data_offsets": [0, 64]},
        {"dtype": "F64", "shape": [2**63], "data_offsets": [0, 64]},
        {"dtype": "F64", "shape": [-8], "data_offsets": [0, 64]},
        {"dtype": "F64", "shape": [8], "data_offsets": [0, 2**62]},
        {"dtype": "F64", "shape": [8], "data_offsets": [64, 0]},
        {"dtype": "F64", "shape": [0, 2**62], "data_offsets": [0, 0]},
        {"dtype": "object", "shape": [8], "data_offsets": [0, 64]},
        {"dtype": "F64", "shape": "8", "data_offsets": [0, 64]},
    ],
    ids=str,
)
def test_weights_of_an_impossible_size_are_refused(entry: dict[str, Any], tmp_path: Path) -> None:
    header = json.dumps({"idf": entry}).encode()
    folder = saved(tmp_path)
    put_sealed(folder, WEIGHTS, struct.pack("<Q", len(header)) + header + bytes(64))
    with pytest.raises(BundleError):
        load_bundle(folder)


@pytest.mark.parametrize("name", [MANIFEST, VOCABULARY])
@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"9" * 100_000,
        b'"\\ud800"',
        b"\xff\xfe",
        b"NaN",
        b"null",
        b'{"terms": 1e999}',
    ],
    ids=lambda content: repr(content[:8]),
)
def test_json_made_to_break_a_reader_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    if name == MANIFEST:
        (folder / name).write_bytes(content)
    else:
        put_sealed(folder, name, content)
    with pytest.raises(BundleError):
        load_bundle(folder)


@pytest.mark.parametrize("temperature", ["Infinity", "NaN", "-1", "0", "1e999"])
def test_a_temperature_that_is_none_is_refused(temperature: str, tmp_path: Path) -> None:
    save_bundle(with_manifest(format_version=3)(bundle()), tmp_path / "bundle")
    put_in_manifest(tmp_path / "bundle", '"temperature": 1.0', f'"temperature": {temperature}')
    with pytest.raises(BundleError, match="not a whole bundle"):
        load_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("value", ["Infinity", "NaN", "-1", "0", "1e999", "1e300", "null", '"x"', "[1]"])
@pytest.mark.parametrize("name", ["slope", "slope_terms", "prior_terms", "prior"])
def test_a_calibration_of_other_numbers_is_refused(name: str, value: str, tmp_path: Path) -> None:
    calibration = sample_calibration()
    save_bundle(with_manifest(calibration=calibration)(bundle()), tmp_path / "bundle")
    honest = calibration.prior[2] if name == "prior" else getattr(calibration, name)
    before = f"{honest},\n" if name == "prior" else f'"{name}": {honest}'
    after = f"{value},\n" if name == "prior" else f'"{name}": {value}'
    put_in_manifest(tmp_path / "bundle", before, after)
    with pytest.raises(BundleError, match="not a whole bundle"):
        load_bundle(tmp_path / "bundle")


def test_a_temperature_put_into_a_newer_format_is_refused(tmp_path: Path) -> None:
    put_in_manifest(saved(tmp_path), '"metrics": {', '"temperature": 0.5, "metrics": {')
    with pytest.raises(BundleError, match="format 5 has no temperature"):
        load_bundle(tmp_path / "bundle")


def test_a_calibration_put_into_format_3_is_refused(tmp_path: Path) -> None:
    save_bundle(with_manifest(format_version=3)(bundle()), tmp_path / "bundle")
    after = f'"calibration": {sample_calibration().model_dump_json()}, "metrics": {{'
    put_in_manifest(tmp_path / "bundle", '"metrics": {', after)
    with pytest.raises(BundleError, match="format 3 has no calibration"):
        load_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("version", ["1", "6", '"2"', "null"])
def test_a_bundle_of_another_format_is_refused_with_the_way_out(version: str, tmp_path: Path) -> None:
    folder = saved(tmp_path)
    put_in_manifest(folder, '"format_version": 5', f'"format_version": {version}')
    with pytest.raises(BundleError, match=r"of none of the formats 3 to 5 .* Train anew"):
        load_bundle(folder)


def test_a_bundle_without_golden_examples_is_refused(tmp_path: Path) -> None:
    save_bundle(with_manifest(golden=[])(bundle()), tmp_path / "bundle")
    with pytest.raises(BundleError, match=r"no golden examples .* Train anew"):
        load_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("kind", CLASSIFIERS)
@pytest.mark.parametrize("name", [VOCABULARY, WEIGHTS])
@settings(max_examples=25, deadline=None)
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4))
def test_any_bytes_at_all_give_a_predictor_or_a_refusal(kind: str, name: str, flips: list[tuple[float, int]]) -> None:
    """The digests are forged to fit, so that everything behind them is reached."""
    with TemporaryDirectory() as scratch:
        folder = saved(Path(scratch), kind)
        content = bytearray((folder / name).read_bytes())
        for place, mask in flips:
            content[int(place**3 * len(content))] ^= mask  # mostly the head, which says what follows
        put_sealed(folder, name, bytes(content))
        try:
            probabilities = Predictor(load_bundle(folder)).predict_proba(["The bank raised its forecast", ""])
        except BundleError:
            return
        assert np.isfinite(probabilities).all()


def test_what_a_predictor_is_made_of_is_checked_without_a_disk() -> None:
    with pytest.raises(BundleError, match="lacks 'weights'"):
        Predictor(replace(bundle(), tensors={"idf": bundle().tensors["idf"]}))
