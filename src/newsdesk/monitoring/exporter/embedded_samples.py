"""The same for a server that has no exporter beside it."""

from functools import lru_cache

from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.monitoring import catalogue
from newsdesk.monitoring.exporter.source_group import SourceGroup, open_sources
from newsdesk.monitoring.metric_samples import MetricSample

_SERVER_SAMPLE = (catalogue.ACCURACY, ("test",))


def embedded_samples(settings: Settings, pipeline: PipelineConfig) -> list[MetricSample]:
    """What the exporter would tell, but for what the server tells itself. Blocks: for 8 s at most, most often for a
    few milliseconds. Raises `NewsdeskError` where a setting cannot be used."""
    samples = _sources(settings, pipeline.model_dump_json()).samples()
    return [sample for sample in samples if (sample.metric, sample.labels) != _SERVER_SAMPLE]


@lru_cache(maxsize=1)
def _sources(settings: Settings, pipeline: str) -> SourceGroup:
    """Kept, for they know bundles that they have read. `pipeline` is JSON: a configuration with aliases has no hash."""
    return open_sources(settings, PipelineConfig.model_validate_json(pipeline))
