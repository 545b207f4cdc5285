"""The manifest of a bundle from before its profile said what told the languages keeps its digest."""

import json
from typing import Any

import pytest

from newsdesk.errors import BundleError
from newsdesk.model.bundle import Bundle, BundleManifest, Vocabulary
from newsdesk.model.bundle_validation import check_parts
from tests.unit.model import test_format_3 as format_3

PROFILE: dict[str, Any] = {
    "articles": 3,
    "categories": {"business": 1, "sports": 1, "technology": 1},
    "confidence": [0] * 19 + [3],
    "text_length": [0] * 6 + [3] + [0] * 14,
    "known_words": [0] * 19 + [3],
    "languages": {"en": 2, "und": 1},
}
WRITTEN: dict[str, Any] = {name: value for name, value in format_3.WRITTEN.items() if name != "temperature"} | {
    "format_version": 4,
    "digest": "sha256:282118df78f7029051d6aa5f80772b421b708283b28fd1a0b2a37fe57f4c7a84",
    "calibration": {"slope": 1.25, "slope_terms": 2.0, "prior_terms": 0.5, "prior": [0.25, 0.25, 0.5]},
    "profile": PROFILE,
}


def test_its_digest_is_what_it_was() -> None:
    assert BundleManifest.model_validate_json(json.dumps(WRITTEN)).expected_digest() == WRITTEN["digest"]


def test_it_is_written_again_with_nothing_new_in_it() -> None:
    assert json.loads(BundleManifest.model_validate_json(json.dumps(WRITTEN)).content()) == WRITTEN


def test_what_it_cannot_say_is_refused() -> None:
    profile = PROFILE | {"language_detector": "another"}
    manifest = BundleManifest.model_validate_json(json.dumps(WRITTEN | {"profile": profile}))
    bundle = Bundle(manifest, Vocabulary.model_validate(format_3.WORDS), dict(format_3.TENSORS))
    with pytest.raises(BundleError, match="format 4 has no language_detector"):
        check_parts(bundle)


def test_the_next_format_keeps_what_told_the_languages() -> None:
    newer = WRITTEN | {"format_version": 5, "profile": PROFILE | {"language_detector": "another"}}
    manifest = BundleManifest.model_validate_json(json.dumps(newer))
    assert json.loads(manifest.content())["profile"]["language_detector"] == "another"
    assert manifest.expected_digest() != WRITTEN["digest"]
