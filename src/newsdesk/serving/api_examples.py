"""What /docs shows of each request: the task that it belongs to, and answers as they come."""

from typing import Any

TASKS = {
    "Ask": ("What is it about?", ("/predict", "/predict/batch", "/explain")),
    "Teach": ("Say what is right.", ("/feedback",)),
    "Look": ("How is it, and how does it do?", ("/health", "/ready", "/model/info", "/monitor", "/metrics")),
    "Change": ("Put another version in charge, or go back.", ("/model/versions", "/model/promote", "/model/rollback")),
    "Sign in": ("A token for an API key, to be sent as `Authorization: Bearer …`.", ("/auth/token",)),
}
OTHERS = "Open Inference Protocol"

_TIMESTAMP, _VERSION, _DIGEST = "2026-07-16T10:30:15Z", "3", "sha256:3b1232f74360c794" + "0" * 48
_ID = "019a3c5e-7d21-7b3f-9c44-2f6f0a9d1e52"
_PROBABILITIES = {"business": 0.87, "politics": 0.06, "technology": 0.04, "entertainment": 0.02, "sports": 0.01}
_TOP_PROBABILITY = {"business": 0.87}
_PREDICTION = {"prediction": "business", "confidence": 0.87, "probabilities": _PROBABILITIES, "prediction_id": _ID}
_NO_WARNINGS: dict[str, Any] = {"warnings": [], "abstained": False}

LINES = (
    '{"text": "Stock market hits record high", "id": 1}\n{"text": "Lakers win championship", "id": 2}\n',
    f'{{"index": 0, "prediction": "business", "confidence": 0.87, "probabilities": {{"business": 0.87}}, '
    f'"prediction_id": "{_ID}", "model_version": "3", "warnings": [], "abstained": false, "id": 1}}\n',
)

ANSWERS: dict[str, dict[str, Any]] = {
    "PredictResponse": _PREDICTION
    | _NO_WARNINGS
    | {"processing_time_ms": 0.41, "model_version": _VERSION, "timestamp": _TIMESTAMP, "digest": _DIGEST},
    "BatchResponse": {
        "predictions": [
            {"index": 0, **_PREDICTION, "probabilities": _TOP_PROBABILITY, "model_version": _VERSION, **_NO_WARNINGS},
            {"index": 1, "error": "Invalid input", "message": "The text is blank", "code": "text_blank"},
        ],
        "succeeded": 1,
        "failed": 1,
        "processing_time_ms": 0.9,
        "model_version": _VERSION,
        "timestamp": _TIMESTAMP,
        "digest": _DIGEST,
    },
    "BatchPrediction": {"index": 0, **_PREDICTION, "model_version": _VERSION, **_NO_WARNINGS},
    "TokenResponse": {"access_token": "eyJhbGciOi…", "token_type": "bearer", "expires_in": 3600, "scope": "predict"},
    "FeedbackResponse": {
        "feedback_id": _ID,
        "status": "created",
        "timestamp": _TIMESTAMP,
        "category": "sports",
        "can_teach": True,
        "warnings": [],
    },
}


def task_of(path: str) -> str:
    """Under which heading a path stands."""
    return next((task for task, (_, paths) in TASKS.items() if path in paths), OTHERS)
