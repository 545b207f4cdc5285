"""`configs/pipeline_config.yaml`: when the pipelines run, when a model is good enough, when an alert is due."""

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from newsdesk.config.model_config import Frozen, Share


class DataPipeline(Frozen):
    schedule_interval: str | None = "0 2 * * *"
    max_active_runs: PositiveInt = 1
    catchup: bool = False
    retry_attempts: NonNegativeInt = 2
    retry_delay: NonNegativeInt = 300
    max_quarantined_share: Share = 0.05
    min_articles_per_category: int = Field(default=3, ge=3)  # one each for train, validation and test


class TrainingPipeline(Frozen):
    schedule_interval: str | None = None
    model_comparison_threshold: Share = 0.02
    auto_deploy_threshold: Share = 0.55
    validation_split: float = Field(default=0.2, gt=0, lt=1)
    test_split: float = Field(default=0.2, gt=0, lt=1)
    random_seed: int = Field(default=42, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _something_is_left_to_train_on(self) -> "TrainingPipeline":
        if self.validation_split + self.test_split >= 1:
            raise ValueError("validation_split and test_split together must leave something to train on: less than 1")
        return self


class AlertThresholds(Frozen):
    error_rate: Share = 0.05
    latency_p95: float = Field(default=1000, gt=0)
    accuracy_threshold: Share = 0.50
    confidence_threshold: Share = 0.30


class Monitoring(Frozen):
    alert_thresholds: AlertThresholds = AlertThresholds()


class PipelineConfig(Frozen):
    data_pipeline: DataPipeline = DataPipeline()
    training_pipeline: TrainingPipeline = TrainingPipeline()
    monitoring: Monitoring = Monitoring()
