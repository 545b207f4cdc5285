"""What goes over the wire. Field names are part of the contract."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from newsdesk.articles.article import MAX_TEXT_LENGTH


class PredictRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "Stock market hits record high"}]}
    )

    text: str = Field(
        min_length=1, max_length=MAX_TEXT_LENGTH, pattern=r"^[^\u0000]*$", description="Headline, article, or both."
    )


class PredictResponse(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    prediction: str
    confidence: float = Field(description="Probability of the predicted category.")
    probabilities: dict[str, float] = Field(description="Probability of every category, highest first.")
    processing_time_ms: float
    model_version: str
    timestamp: datetime


class HealthResponse(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    status: str
    model_type: str
    model_version: str
    uptime: str
    last_prediction: datetime | None


class ModelInfoResponse(BaseModel):
    model_config = ConfigDict(protected_namespaces=())

    model_name: str
    version: str
    accuracy: float = Field(description="On the test set of the dataset it was trained from.")
    categories: list[str]
    training_date: datetime
    feature_count: int
    dataset_version: str
    digest: str


class ErrorResponse(BaseModel):
    error: str
    message: str
    code: str
    request_id: str
    timestamp: datetime
