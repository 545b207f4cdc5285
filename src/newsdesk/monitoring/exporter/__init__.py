"""What outlives a request, as metrics: out of the store, the registry and Airflow."""

from newsdesk.monitoring.exporter.embedded_samples import embedded_samples

__all__ = ["embedded_samples"]
