"""The dashboards by the names of their files."""

from monitoring.grafana.source.api_performance import api_performance
from monitoring.grafana.source.limits import shipped_limits
from monitoring.grafana.source.ml_pipeline import ml_pipeline
from monitoring.grafana.source.system_health import system_health

DASHBOARDS = {
    "ml_pipeline_dashboard": ml_pipeline(shipped_limits()),
    "api_performance_dashboard": api_performance(shipped_limits()),
    "system_health_dashboard": system_health(),
}
