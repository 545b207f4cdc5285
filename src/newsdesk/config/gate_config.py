"""`training_pipeline.gate`: what a new model must show before it takes the champion's place."""

from typing import Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from newsdesk.config.model_config import FrozenModel, Share

GateRule = Literal["threshold", "errors", "paired"]
GateMetric = Literal["accuracy", "macro_f1", "weighted_f1"]


class GateFloors(FrozenModel):
    """What every new model must reach on the test set, champion or no champion; None asks for nothing."""

    macro_f1: Share | None = None
    dead_categories: NonNegativeInt | None = None  # at most
    test_articles: PositiveInt | None = None


class GateConfig(FrozenModel):
    """Under every rule the champion is only replaced where chance does not explain the gain."""

    rule: GateRule = "threshold"
    metric: GateMetric = "accuracy"
    min_error_reduction: float = Field(default=0.05, gt=0, le=1)
    max_loss: Share = 0.02
    floors: GateFloors = GateFloors()
