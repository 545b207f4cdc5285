import pytest
from pydantic import ValidationError

from newsdesk.config.gate_config import GateConfig
from newsdesk.config.pipeline_config import AlertThresholds, DataPipeline, PipelineConfig, TrainingPipeline


@pytest.mark.parametrize(("validation", "test"), [(0.5, 0.5), (0.9, 0.2), (0.999, 0.001)])
def test_splits_that_leave_nothing_to_train_on_are_refused(validation: float, test: float) -> None:
    with pytest.raises(ValidationError, match="leave something to train on"):
        TrainingPipeline(validation_split=validation, test_split=test)


def test_splits_that_leave_a_little_to_train_on_are_taken() -> None:
    assert TrainingPipeline(validation_split=0.5, test_split=0.49).test_split == 0.49


@pytest.mark.parametrize("split", ["validation_split", "test_split"])
@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_no_split_may_be_empty_or_everything(split: str, share: float) -> None:
    with pytest.raises(ValidationError, match=split):
        TrainingPipeline.model_validate({split: share})


@pytest.mark.parametrize("threshold", ["model_comparison_threshold", "auto_deploy_threshold"])
@pytest.mark.parametrize("percent", [55, -0.01, float("nan")])
def test_thresholds_are_shares_not_percentages(threshold: str, percent: float) -> None:
    with pytest.raises(ValidationError, match=threshold):
        TrainingPipeline.model_validate({threshold: percent})


def test_a_category_needs_an_article_for_each_split() -> None:
    assert DataPipeline(min_articles_per_category=3).min_articles_per_category == 3
    with pytest.raises(ValidationError, match="min_articles_per_category"):
        DataPipeline(min_articles_per_category=2)


def test_latency_is_positive() -> None:
    with pytest.raises(ValidationError, match="latency_p95"):
        AlertThresholds(latency_p95=0)


@pytest.mark.parametrize("schedule", [None, "0 2 * * *"])
def test_a_schedule_may_be_left_to_people(schedule: str | None) -> None:
    assert DataPipeline(schedule_interval=schedule).schedule_interval == schedule


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValidationError, match="random_seed"):
        TrainingPipeline(random_seed=-1)


def test_a_seed_that_scikit_learn_cannot_take_is_refused() -> None:
    assert TrainingPipeline(random_seed=2**32 - 1).random_seed == 2**32 - 1
    with pytest.raises(ValidationError, match="random_seed"):
        TrainingPipeline(random_seed=2**32)


def test_a_configuration_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PipelineConfig().training_pipeline.random_seed = 7  # type: ignore[misc]


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_max_loss_is_still_read_from_where_it_once_stood(share: float) -> None:
    assert TrainingPipeline.model_validate({"max_loss": share}).gate.max_loss == share
    both = {"max_loss": share, "gate": {"max_loss": share, "rule": "paired"}}
    assert TrainingPipeline.model_validate(both).gate == GateConfig(rule="paired", max_loss=share)


def test_two_different_losses_are_an_error_that_names_the_fix() -> None:
    with pytest.raises(ValidationError, match=r"max_loss 0.01 and gate.max_loss 0.02 differ: keep that of gate"):
        TrainingPipeline.model_validate({"max_loss": 0.01, "gate": {"max_loss": 0.02}})


@pytest.mark.parametrize(
    ("gate", "named"),
    [
        ({"rule": "best"}, "gate.rule"),
        ({"metric": "f1"}, "gate.metric"),
        ({"min_error_reduction": 0}, "gate.min_error_reduction"),
        ({"max_loss": 2}, "gate.max_loss"),
        ({"floors": {"macro_f1": 60}}, "gate.floors.macro_f1"),
        ({"floors": {"dead_categories": -1}}, "gate.floors.dead_categories"),
        ({"floors": {"test_articles": 0}}, "gate.floors.test_articles"),
        ({"floor": {}}, "gate.floor"),
    ],
)
def test_what_the_gate_does_not_know_is_refused_by_its_key(gate: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        TrainingPipeline.model_validate({"gate": gate})
