"""The exporter as a process."""

import logging
import signal
from logging.config import dictConfig

from newsdesk.config.config_files import load_pipeline_config
from newsdesk.config.logging_config import FILE, read_logging_config
from newsdesk.config.settings import Settings
from newsdesk.errors import ConfigError
from newsdesk.monitoring.exporter.airflow_source import open_airflow_source
from newsdesk.monitoring.exporter.server import serve_metrics
from newsdesk.monitoring.exporter.source_group import open_sources
from newsdesk.monitoring.metric_samples import prometheus_text

_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

logger = logging.getLogger("newsdesk.exporter")


def run(settings: Settings, host: str, port: int) -> None:
    """Answer Prometheus until told to end. Raises `ConfigError`, `RegistryError`, `UsageError`."""
    _set_up_logging(settings)
    sources = open_sources(settings, load_pipeline_config(settings.config_dir), open_airflow_source(settings))
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)  # inherited by every thread: this one waits for them
    with serve_metrics(host, port, lambda: prometheus_text(sources.samples())):
        logger.info("Metrics are at http://%s:%d/metrics", f"[{host}]" if ":" in host else host, port)
        signal.sigwait(_STOP_SIGNALS)


def _set_up_logging(settings: Settings) -> None:
    try:
        dictConfig(read_logging_config(settings.config_dir))
    except (ValueError, TypeError, AttributeError, ImportError) as error:
        raise ConfigError(f"{settings.config_dir / FILE}: {error}. Correct it, or remove it.") from error
