"""The promotion gate: may this model take the champion's place?"""

from dataclasses import dataclass
from typing import Literal

from newsdesk.config.pipeline_config import TrainingPipeline

Decision = Literal["promoted", "refused", "kept", "unchanged"]


@dataclass(frozen=True)
class Verdict:
    """What the gate decided, and why, in words for people.

    `promoted`: it may serve. `refused`: it is not good enough for anyone. `kept`: it is good, but not enough better
    than the
    champion. `unchanged`: it is the champion.
    """

    decision: Decision
    reason: str


def decide(
    *, accuracy: float, champion_accuracy: float | None, same_as_champion: bool, thresholds: TrainingPipeline
) -> Verdict:
    """Judge a challenger by its accuracy and the champion's, both on the same current test set."""
    if accuracy < thresholds.auto_deploy_threshold:
        return Verdict(
            "refused",
            f"test accuracy {accuracy:.3f} is below training_pipeline.auto_deploy_threshold "
            f"{thresholds.auto_deploy_threshold:g}",
        )
    if same_as_champion:
        return Verdict("unchanged", "the champion already is this very model")
    if champion_accuracy is None:
        return Verdict(
            "promoted",
            f"test accuracy {accuracy:.3f} reaches {thresholds.auto_deploy_threshold:g}, and there is no champion yet",
        )
    gain = accuracy - champion_accuracy
    comparison = (
        f"{accuracy:.3f} against the champion's {champion_accuracy:.3f} on the same test set, "
        f"a difference of {gain:+.3f}"
    )
    needed = thresholds.model_comparison_threshold
    # Accuracies are fractions of the test set; half a unit in the twelfth place forgives their rounding.
    if gain >= needed - 5e-13:
        return Verdict("promoted", f"{comparison}; at least +{needed:g} was needed")
    return Verdict(
        "kept", f"{comparison}; at least +{needed:g} was needed (training_pipeline.model_comparison_threshold)"
    )
