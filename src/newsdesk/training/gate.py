"""The promotion gate: may this model take the champion's place?"""

from dataclasses import dataclass
from typing import Literal

from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.training.guard import GuardResult

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
    *,
    accuracy: float,
    champion_accuracy: float | None,
    same_as_champion: bool,
    thresholds: TrainingPipeline,
    guard: GuardResult | None = None,
) -> Verdict:
    """Judge a challenger by its accuracy and the champion's, both on the same current test set; and, where feedback had
    a hand in that, on a guard."""
    least, needed = thresholds.auto_deploy_threshold, thresholds.model_comparison_threshold
    if accuracy < least:
        return Verdict(
            "refused",
            f"test accuracy {_apart(accuracy, least)} is below training_pipeline.auto_deploy_threshold {least:g}",
        )
    if same_as_champion:
        return Verdict("unchanged", "the champion already is this very model")
    if champion_accuracy is None:
        return Verdict("promoted", f"test accuracy {accuracy:.3f} reaches {least:g}, and there is no champion yet")
    if guard is not None and guard.high < -thresholds.max_loss:
        return Verdict(
            "refused",
            f"on {guard.articles:,} test articles that no feedback has touched it loses {-guard.gain:.3f} against the "
            f"champion (95 % interval {-guard.high:.3f} to {-guard.low:.3f}), surely more than "
            f"training_pipeline.max_loss {thresholds.max_loss:g}",
        )
    gain = accuracy - champion_accuracy
    comparison = (
        f"{accuracy:.3f} against the champion's {champion_accuracy:.3f} on the same test set, "
        f"a difference of {_apart(gain, needed, sign='+')}; at least +{needed:g} was needed"
    )
    # Accuracies are fractions of the test set; half a unit in the twelfth place forgives their rounding.
    if gain >= needed - 5e-13:
        return Verdict("promoted", comparison)
    return Verdict("kept", f"{comparison} (training_pipeline.model_comparison_threshold)")


def _apart(figure: float, limit: float, sign: str = "") -> str:
    """`figure` with three decimals, or as many as show that it is not `limit`."""
    for decimals in range(3, 12):
        shown = f"{figure:{sign}.{decimals}f}"
        if float(shown) != limit or abs(figure - limit) < 5e-13:
            return shown
    return shown
