"""`configs/pipeline_config.yaml`: when the pipelines run, when a model is good enough, when an alert is due."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt, model_validator

from newsdesk.config.category_change import OnCategoryChange
from newsdesk.config.gate_config import GateConfig
from newsdesk.config.model_config import FrozenModel, Share


def _to_text(name: Any) -> Any:
    """A category that YAML takes for a number, as class ids are."""
    return str(name) if isinstance(name, int) and not isinstance(name, bool) else name


CategoryName = Annotated[str, BeforeValidator(_to_text)]


class Categories(FrozenModel):
    """`aliases`: a category as it is said → as it is meant. `exclude`: whose articles are left out. What they come to,
    and which of them cannot be, is told in `newsdesk.articles.category_rules`."""

    aliases: dict[CategoryName, CategoryName] = Field(default={})
    exclude: list[CategoryName] = Field(default=[])


class DataPipeline(FrozenModel):
    schedule_interval: str | None = "0 2 * * *"
    max_active_runs: PositiveInt = 1
    catchup: bool = False
    retry_attempts: NonNegativeInt = 2
    retry_delay: NonNegativeInt = 300
    max_quarantined_share: Share = 0.05
    date_order: Literal["dmy", "mdy", "ymd"] | None = None  # as the rows of each table tell
    min_articles_per_category: int = Field(default=3, ge=3)  # one each for train, validation and test
    on_small_category: Literal["refuse", "leave_out"] = "leave_out"
    categories: Categories = Categories()


class TrainingPipeline(FrozenModel):
    schedule_interval: str | None = None
    model_comparison_threshold: Share = 0.02
    auto_deploy_threshold: Share = 0.55
    gate: GateConfig = GateConfig()
    on_category_change: OnCategoryChange = OnCategoryChange()
    validation_split: float = Field(default=0.2, gt=0, lt=1)
    test_split: float = Field(default=0.2, gt=0, lt=1)
    random_seed: int = Field(default=42, ge=0, lt=2**32)
    tuning_budget: NonNegativeInt = 0

    @model_validator(mode="before")
    @classmethod
    def _move_max_loss(cls, values: Any) -> Any:
        """Earlier configurations and plans have `max_loss` beside the thresholds, not in `gate`."""
        if not isinstance(values, dict) or "max_loss" not in values:
            return values
        rest = {key: value for key, value in values.items() if key != "max_loss"}
        gate, earlier = rest.get("gate") or {}, values["max_loss"]
        if not isinstance(gate, dict):
            return rest
        if gate.get("max_loss", earlier) != earlier:
            raise ValueError(f"max_loss {earlier} and gate.max_loss {gate['max_loss']} differ: keep that of gate alone")
        return rest | {"gate": gate | {"max_loss": earlier}}

    @model_validator(mode="after")
    def _something_is_left_to_train_on(self) -> "TrainingPipeline":
        if self.validation_split + self.test_split >= 1:
            raise ValueError("validation_split and test_split together must leave something to train on: less than 1")
        return self


class AlertThresholds(FrozenModel):
    error_rate: Share = 0.05
    latency_p95: float = Field(default=1000, gt=0)
    accuracy_threshold: Share = 0.50
    confidence_threshold: Share = 0.30


class DriftThresholds(FrozenModel):
    """A score beyond its threshold is drift where chance explains it with a probability below `significance`."""

    significance: float = Field(default=0.0005, gt=0, lt=1)
    category_mix: Share = 0.1
    confidence: Share = 0.1
    text_length: Share = 0.1
    known_words: Share = 0.1
    language: Share = 0.1
    top_terms: Share = 0.1
    domain_classifier: float = Field(default=0.6, ge=0.5, le=1)


class FeedbackLimits(FrozenModel):
    max_per_editor_and_day: PositiveInt = 500
    max_per_caller_and_day: PositiveInt = 5000
    max_caller_share: float = Field(default=0.3, gt=0, le=1)
    min_agreement: Share = 0.5
    min_compared: PositiveInt = 20
    confident: Share = 0.9
    significance: float = Field(default=0.01, gt=0, lt=1)


class Retraining(FrozenModel):
    windows: PositiveInt = 6
    bad_windows: PositiveInt = 3
    cool_down: NonNegativeInt = 86400
    min_new_labels: NonNegativeInt = 100
    max_accuracy_drop: Share = 0.05
    mode: Literal["refresh", "full"] = "refresh"

    @model_validator(mode="after")
    def _check_windows(self) -> "Retraining":
        if self.bad_windows > self.windows:
            raise ValueError("bad_windows cannot be more than windows, of which they are counted")
        return self


class Monitoring(FrozenModel):
    schedule_interval: str | None = "0 * * * *"
    window: PositiveInt = 3600
    look_back: PositiveInt = 48
    min_texts: PositiveInt = 100
    alert_thresholds: AlertThresholds = AlertThresholds()
    drift: DriftThresholds = DriftThresholds()
    feedback: FeedbackLimits = FeedbackLimits()
    retraining: Retraining = Retraining()


class Maintenance(FrozenModel):
    """Days after which `newsdesk prune` removes what nobody names any more."""

    schedule_interval: str | None = "0 4 * * 0"
    prediction_days: PositiveInt = 90
    feedback_text_days: PositiveInt = 365
    window_days: PositiveInt = 400
    dataset_days: PositiveInt = 30
    plan_days: PositiveInt = 30
    bundle_days: PositiveInt = 30


class PipelineConfig(FrozenModel):
    data_pipeline: DataPipeline = DataPipeline()
    training_pipeline: TrainingPipeline = TrainingPipeline()
    monitoring: Monitoring = Monitoring()
    maintenance: Maintenance = Maintenance()
