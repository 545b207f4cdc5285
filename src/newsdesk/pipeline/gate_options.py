"""Options that a person gives to the gate before it decides."""

from dataclasses import dataclass
from typing import Literal

from newsdesk.config.pipeline_config import TrainingPipeline

Effect = Literal["promote", "register", "nothing"]


@dataclass(frozen=True)
class GateOptions:
    """`yes`: to categories that are not the champion's, where `on_category_change` asks. `effect`: how far a verdict
    may go. `promote` does what it says, `register` at most registers the model, beside all that serves."""

    yes: bool = False
    effect: Effect = "promote"

    def applied(self, thresholds: TrainingPipeline) -> TrainingPipeline:
        """The thresholds, with the yes that was said."""
        rules = thresholds.on_category_change
        return thresholds.model_copy(update={"on_category_change": rules.with_yes()}) if self.yes else thresholds


NOTHING_SAID = GateOptions()
