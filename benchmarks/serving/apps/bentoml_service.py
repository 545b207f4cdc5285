"""The pipeline as a BentoML service: one request at a time, or gathered by its adaptive batching."""

from typing import Any

import bentoml
from pipeline import CleanedPipeline


@bentoml.service(workers=1)
class Classifier:
    def __init__(self) -> None:
        self._model = CleanedPipeline()

    @bentoml.api
    def predict(self, text: str) -> dict[str, Any]:
        return self._model.predict([text])[0]

    @bentoml.api(batchable=True, max_batch_size=64, max_latency_ms=1000)
    def predict_gathered(self, texts: list[str]) -> list[dict[str, Any]]:
        return self._model.predict(texts)
