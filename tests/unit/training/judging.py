"""Two models' answers to so many test articles, and what the gate says of them."""

from typing import Any

from newsdesk.config.gate_config import GateMetric
from newsdesk.config.pipeline_config import TrainingPipeline
from newsdesk.training.evaluation import evaluate
from newsdesk.training.gate import Verdict, decide
from newsdesk.training.paired_comparison import PairedComparison, compare_paired

Answers = tuple[list[str], list[str], list[str]]  # what is right, what the challenger says, what the champion says


def answers(both: int = 0, only_challenger: int = 0, only_champion: int = 0, neither: int = 0) -> Answers:
    """Of so many articles that both, one or none have right."""
    counts = {("a", "a"): both, ("a", "b"): only_challenger, ("b", "a"): only_champion, ("b", "b"): neither}
    said = [pair for pair, count in counts.items() for _ in range(count)]
    return ["a"] * len(said), [one for one, _ in said], [other for _, other in said]


def compared(*counts: int, metric: GateMetric = "accuracy", **named: int) -> PairedComparison:
    return compare_paired(*answers(*counts, **named), metric)


def training_pipeline(**settings: Any) -> TrainingPipeline:
    """As the file would have it; no floor, unless it is given."""
    return TrainingPipeline.model_validate({"auto_deploy_threshold": 0} | settings)


def judged(said: Answers, guard: PairedComparison | None = None, unvouched: int = 0, **settings: Any) -> Verdict:
    thresholds = training_pipeline(**settings)
    truth, challenger, _ = said
    return decide(
        test=evaluate(truth, challenger),
        comparison=compare_paired(*said, thresholds.gate.metric),
        same_as_champion=False,
        thresholds=thresholds,
        guard=guard,
        unvouched=unvouched,
    )
