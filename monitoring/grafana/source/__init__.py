"""The three Grafana dashboards as code: `python -m monitoring.grafana.source` writes them as JSON."""
