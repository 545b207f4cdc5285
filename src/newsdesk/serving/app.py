"""The application: routes, and nothing that a route does not need."""

import time
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from newsdesk import __version__
from newsdesk.serving import errors
from newsdesk.serving.errors import ApiError
from newsdesk.serving.guard import Guard
from newsdesk.serving.model_source import Served
from newsdesk.serving.schemas import ErrorResponse, HealthResponse, ModelInfoResponse, PredictRequest, PredictResponse

# Said as a class of its own, it also keeps FastAPI from promising its 422, which we never send.
_FAILURES: dict[int | str, dict[str, Any]] = {"4XX": {"model": ErrorResponse, "description": "Invalid input"}}


def create_app(served: Served) -> FastAPI:
    """An application that answers from `served`. Its pages at /docs and /redoc need no other host."""
    app = FastAPIOffline(title="Newsdesk", version=__version__, description="Sorts news articles into categories.")
    app.add_middleware(Guard)
    errors.install(app)
    predictor, manifest = served.predictor, served.predictor.bundle.manifest
    shortest = manifest.text_cleaning.min_text_length
    started = time.monotonic()
    last_prediction: datetime | None = None

    @app.get("/health")
    async def health() -> HealthResponse:
        """Whether the service is up, which model answers, and since when."""
        return HealthResponse(
            status="healthy",
            model_type=manifest.model_type,
            model_version=served.version,
            uptime=str(timedelta(seconds=int(time.monotonic() - started))),
            last_prediction=last_prediction,
        )

    @app.post("/predict", responses=_FAILURES)
    async def predict(request: PredictRequest) -> PredictResponse:
        """The category of one text, with the probability of every category."""
        nonlocal last_prediction
        begun = time.perf_counter()
        if len(request.text.strip()) < shortest:
            message = f"Text field is too short: at least {shortest} characters are needed"
            raise ApiError(HTTPStatus.BAD_REQUEST, "Invalid input", message, "text_too_short")
        prediction = predictor.predict(request.text)
        last_prediction = datetime.now(UTC)
        return PredictResponse(
            prediction=prediction.category,
            confidence=prediction.confidence,
            probabilities=prediction.probabilities,
            processing_time_ms=round((time.perf_counter() - begun) * 1000, 3),
            model_version=served.version,
            timestamp=last_prediction,
        )

    @app.get("/model/info")
    async def model_info() -> ModelInfoResponse:
        """What the model that answers was trained from, and how well it did."""
        return ModelInfoResponse(
            model_name=manifest.model_type,
            version=served.version,
            accuracy=manifest.metrics["accuracy"],
            categories=manifest.classes,
            training_date=manifest.trained_at,
            feature_count=manifest.feature_count,
            dataset_version=manifest.dataset_version,
            digest=manifest.digest,
        )

    return app
