"""What clients are to be told: the predictor's own words, in the order of the protocol's tensors."""

from typing import Any

import pytest

from newsdesk.model.predictor import Predictor
from tests.integration.test_serve_command import HEADLINE, bundle

TEXTS = [HEADLINE, "Bank lifts interest rates after shares fall – für 3 €"]


def expected(*names: str) -> dict[str, Any]:
    """The data of these outputs for `TEXTS`, row by row; of all where none are named."""
    predictor = Predictor(bundle())
    said = [predictor.predict(text) for text in TEXTS]
    values = {
        "category": [one.category for one in said],
        "confidence": pytest.approx([one.confidence for one in said], abs=1e-12),
        "probabilities": pytest.approx(
            [one.probabilities[name] for one in said for name in predictor.classes], abs=1e-12
        ),
        "classes": predictor.classes,
    }
    return {name: values[name] for name in names or values}
