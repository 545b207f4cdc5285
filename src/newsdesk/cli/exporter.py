"""`newsdesk exporter`: metrics of what outlives a request."""

from typing import Annotated

import typer


def exporter(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 9101,
) -> None:
    """Tell Prometheus, at /metrics, how models and pipelines do: from the store, the registry and Airflow."""
    from newsdesk.config.settings import load_settings
    from newsdesk.monitoring.exporter.run import run

    run(load_settings(), host, port)
