"""What requests may say, where JSON, JSON Schema and Python differ."""

from typing import Any

import pytest
from pydantic import ValidationError

from newsdesk.serving.feedback_schemas import FeedbackRequest
from newsdesk.serving.open_inference.request import InputTensor
from newsdesk.serving.schemas import ExplainRequest, PredictRequest

PREDICTION = "3f2b7c9e-8a4d-4c1e-9b5f-0d6a7e8c9b1a"


@pytest.mark.parametrize("request_", [PredictRequest, ExplainRequest])
def test_a_whole_number_may_be_written_with_a_fraction_of_zero(
    request_: type[PredictRequest] | type[ExplainRequest],
) -> None:
    assert request_.model_validate({"text": "Cup final", "top_k": 3.0}).top_k == 3


@pytest.mark.parametrize("top_k", [3.5, "3", True, 0, 0.0, 1001.0, 1e300, [3]])
def test_nothing_else_is_taken_for_a_whole_number(top_k: Any) -> None:
    with pytest.raises(ValidationError):
        PredictRequest.model_validate({"text": "Cup final", "top_k": top_k})


def test_the_shape_of_a_tensor_may_be_written_so_too() -> None:
    tensor = {"name": "text", "shape": [1.0, 1], "datatype": "BYTES", "data": ["Cup final"]}
    assert InputTensor.model_validate(tensor).shape == [1, 1]


@pytest.mark.parametrize("request_", [PredictRequest, ExplainRequest])
def test_the_limits_of_a_whole_number_are_described(request_: type[PredictRequest] | type[ExplainRequest]) -> None:
    described = request_.model_json_schema()["properties"]["top_k"]
    number = described.get("anyOf", [described])[0]
    assert (number["type"], number["minimum"], number["maximum"]) == ("integer", 1, 1000)


@pytest.mark.parametrize(
    ("about", "is_taken"),
    [
        ({"text": "Cup final"}, True),
        ({"prediction_id": PREDICTION}, True),
        ({"prediction_id": PREDICTION, "text": None}, True),
        ({"prediction_id": None, "text": "Cup final"}, True),
        ({"prediction_id": PREDICTION, "text": "Cup final"}, True),
        ({"prediction_id": PREDICTION, "text": "Cup final", "title": "Late news"}, True),
        ({"prediction_id": PREDICTION, "title": "Late news"}, False),
        ({"prediction_id": None, "text": None}, False),
        ({}, False),
    ],
)
def test_feedback_is_about_a_prediction_a_text_or_both(about: dict[str, str | None], is_taken: bool) -> None:
    if is_taken:
        assert FeedbackRequest.model_validate(about | {"category": "sports"}).category == "sports"
    else:
        with pytest.raises(ValidationError):
            FeedbackRequest.model_validate(about | {"category": "sports"})
