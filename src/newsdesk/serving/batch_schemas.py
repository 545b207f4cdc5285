"""What goes over the wire for many texts at once."""

from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool

from newsdesk.serving.body_limits import ONE_TEXT, BodyLimits
from newsdesk.serving.request_rows import RowId
from newsdesk.serving.schemas import ABSTAINED, Identifier, ModelName, OptionFields, ResponseBody

LOG = (
    "Whether the answers count as production. With false they are neither kept nor monitored, and have no "
    "prediction_id: for an archive, a test set, a second look."
)

MAX_BATCH = 10_000
LINE_ITEMS = 10_000  # keys and elements in one of the JSON Lines: a column may hold a vector

_STRING: dict[str, JsonValue] = {"type": "string"}
_ARTICLE: dict[str, JsonValue] = {"type": "object", "properties": {"title": _STRING, "text": _STRING}}


class BatchRequest(OptionFields):
    body_limits: ClassVar[BodyLimits] = BodyLimits(size=ONE_TEXT.size, items=10 * MAX_BATCH)
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"texts": ["Stock market hits record high", "Lakers win championship"]}]}
    )

    texts: list[Any] = Field(
        min_length=1,
        max_length=MAX_BATCH,
        description="Each a text, or an object with `text` and `title`. What is neither is a failure in its place.",
        json_schema_extra={"items": {"anyOf": [{"type": "string"}, _ARTICLE, {}]}},
    )
    log: StrictBool = Field(default=True, description=LOG)


class BatchPrediction(ResponseBody):
    index: int = Field(description="Which of the texts, from 0.")
    prediction: str
    confidence: float
    probabilities: dict[str, float]
    prediction_id: Identifier | None = Field(description="To give feedback on it; null where `log` was false.")
    model_version: str
    warnings: list[str] = Field(description="Why the answer may be worth little, in sentences.")
    abstained: bool = Field(description=ABSTAINED)


class BatchFailure(ResponseBody):
    index: int = Field(description="Which of the texts, from 0.")
    error: str
    message: str
    code: str


class LinesQuery(BaseModel):
    """What goes into the query of a request in JSON Lines."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    top_k: int | None = Field(default=None, ge=1, le=1000)
    threshold: float | None = Field(default=None, ge=0, le=1, allow_inf_nan=False)
    model: ModelName | None = None
    log: bool = True


class PredictionLine(BatchPrediction):
    id: RowId | None


class ErrorLine(BatchFailure):
    id: RowId | None


class BatchResponse(ResponseBody):
    predictions: list[BatchPrediction | BatchFailure] = Field(description="One for each text, in the same order.")
    succeeded: int
    failed: int
    processing_time_ms: float
    model_version: str
    timestamp: datetime
    digest: str
