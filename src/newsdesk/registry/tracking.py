"""Write runs to MLflow."""

import json
import time
from collections.abc import Iterator, Mapping

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.utils.validation import MAX_DATASET_NAME_SIZE

from newsdesk.config.settings import Settings
from newsdesk.registry.mlflow_client import connect, experiment_id, mlflow_errors
from newsdesk.registry.run_record import RunRecord

_BATCH = 250  # metrics at once: MLflow takes 1,000, and a request of 1 MB, whatever their names are written in
_LONGEST_PARAMETER = 6000


class Tracking:
    """Writes runs into our experiment."""

    def __init__(self, settings: Settings) -> None:
        self._address = settings.tracking_uri
        self._client: MlflowClient = connect(settings)
        self._experiment = experiment_id(self._client, settings)

    def start(self, name: str, tags: Mapping[str, str], parent: str | None = None) -> str:
        """Open a run and return its id."""
        nesting = {"mlflow.parentRunId": parent} if parent else {}
        with mlflow_errors(self._address):
            run = self._client.create_run(self._experiment, run_name=name, tags={**tags, **nesting})
        return str(run.info.run_id)

    def record(self, run_id: str, record: RunRecord) -> None:
        """Add parameters, metrics, tags and files to an open run."""
        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, 0) for name, value in record.metrics.items()]
        parameters = [Param(name, str(value)[:_LONGEST_PARAMETER]) for name, value in record.parameters.items()]
        tags = [RunTag(name, value) for name, value in record.tags.items()]
        with mlflow_errors(self._address):
            self._client.log_batch(run_id, params=parameters, tags=tags)
            for batch in _batches(metrics):
                self._client.log_batch(run_id, metrics=batch)
            for file in record.files:
                self._client.log_artifact(run_id, str(file))

    def add_dataset(self, run_id: str, source: str, version: str, counts: Mapping[str, int]) -> None:
        """Record what a run was trained on.

        MLflow knows a dataset by name and digest, and keeps the source that it was told first: the source is the name.
        """
        dataset = Dataset(
            name=source[:MAX_DATASET_NAME_SIZE],
            digest=version,
            source_type="local",
            source=json.dumps({"uri": source}),
            profile=json.dumps({"num_rows": sum(counts.values()), **counts}),
        )
        context = InputTag("mlflow.data.context", "training")
        with mlflow_errors(self._address):
            self._client.log_inputs(run_id, datasets=[DatasetInput(dataset, [context])])

    def finish(self, run_id: str, *, failed: bool = False) -> None:
        """Close a run."""
        with mlflow_errors(self._address):
            self._client.set_terminated(run_id, status="FAILED" if failed else "FINISHED")

    def log(self, record: RunRecord, parent: str | None = None) -> str:
        """Open, fill and close a run; returns its id."""
        run_id = self.start(record.name, {}, parent)
        self.record(run_id, record)
        self.finish(run_id)
        return run_id


class NoTracking(Tracking):
    """Writes nothing, for trainings that must leave no trace."""

    def __init__(self) -> None:
        pass

    def start(self, *_: object, **__: object) -> str:
        return ""

    def record(self, *_: object, **__: object) -> None:
        pass

    def add_dataset(self, *_: object, **__: object) -> None:
        pass

    def finish(self, *_: object, **__: object) -> None:
        pass


def _batches(metrics: list[Metric]) -> Iterator[list[Metric]]:
    for start in range(0, len(metrics), _BATCH):
        yield metrics[start : start + _BATCH]
