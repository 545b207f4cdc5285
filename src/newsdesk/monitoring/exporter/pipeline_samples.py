"""What the store remembers of pipelines and of the gate, as metrics."""

from collections.abc import Iterator
from typing import get_args

from sqlalchemy import Engine

from newsdesk.monitoring import catalogue
from newsdesk.monitoring.metric_samples import MetricSample
from newsdesk.store.ledger import count_decisions, waiting_version
from newsdesk.store.pipeline_runs import Pipeline, PipelineRun, Status, count_runs, newest_run

_PIPELINES: tuple[Pipeline, ...] = get_args(Pipeline)
_STATUSES: tuple[Status, ...] = get_args(Status)
_WITHOUT_FAILURE = tuple(status for status in _STATUSES if status != "failed")


def pipeline_samples(store: Engine) -> list[MetricSample]:
    """How the pipelines ended, and what the promotion ledger holds. A pipeline that never ended has no values."""
    samples = [MetricSample(catalogue.PIPELINE_RUNS, key, count) for key, count in count_runs(store).items()]
    decisions = count_decisions(store)
    samples += [MetricSample(catalogue.PROMOTIONS, (name,), count) for name, count in decisions.items()]
    if decisions:
        samples.append(MetricSample(catalogue.DECISION_WAITING, (), float(waiting_version(store) is not None)))
    for pipeline in _PIPELINES:
        if newest := newest_run(store, pipeline):
            samples += _newest_run_samples(newest)
        if last_good := newest_run(store, pipeline, *_WITHOUT_FAILURE):
            samples.append(MetricSample(catalogue.PIPELINE_SUCCESS, (pipeline,), last_good.ended_at.timestamp()))
    return samples


def _newest_run_samples(run: PipelineRun) -> Iterator[MetricSample]:
    duration = (run.ended_at - run.started_at).total_seconds()
    yield MetricSample(catalogue.PIPELINE_LAST, (run.pipeline,), run.ended_at.timestamp())
    yield MetricSample(catalogue.PIPELINE_DURATION, (run.pipeline,), duration)
    for status in _STATUSES:
        yield MetricSample(catalogue.PIPELINE_STATUS, (run.pipeline, status), float(status == run.status))
    for result, count in run.rows.items():
        yield MetricSample(catalogue.PIPELINE_ROWS, (run.pipeline, result), count)
