"""What is asked of a prediction, and what comes of it."""

from dataclasses import dataclass
from datetime import datetime

from newsdesk.model.predictor import Prediction
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.schemas import UNCERTAIN


@dataclass(frozen=True, slots=True)
class PredictionOptions:
    """How to answer. A prediction without `log` is neither kept nor counted as production."""

    top_k: int | None = None
    threshold: float | None = None
    log: bool = True

    def abstains(self, prediction: Prediction) -> bool:
        """Whether the best category is not probable enough."""
        return self.threshold is not None and prediction.confidence < self.threshold

    def category(self, prediction: Prediction) -> str:
        """The category to answer: none in particular where the best is not probable enough."""
        return UNCERTAIN if self.abstains(prediction) else prediction.category

    def probabilities(self, prediction: Prediction) -> dict[str, float]:
        if self.top_k is None or self.top_k >= len(prediction.probabilities):
            return prediction.probabilities
        return dict(list(prediction.probabilities.items())[: self.top_k])


@dataclass(frozen=True, slots=True)
class PredictionResult:
    """A prediction that was made: by whom, and under which id it is remembered, if it `is_logged`."""

    prediction_id: str
    category: str
    confidence: float
    probabilities: dict[str, float]
    model: LoadedModel
    milliseconds: float
    at: datetime
    warnings: list[str]
    abstained: bool
    is_logged: bool
