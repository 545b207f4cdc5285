"""OpenTelemetry, where it is wanted: set OTEL_EXPORTER_OTLP_ENDPOINT and install `newsdesk[opentelemetry]`."""

import os
from typing import TYPE_CHECKING

from newsdesk.errors import ConfigError

if TYPE_CHECKING:
    from fastapi import FastAPI

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def with_tracing(app: "FastAPI") -> "FastAPI":
    """`app`, with a span for every request sent to the collector; as it is where no collector is named."""
    if not os.environ.get(ENDPOINT):
        return app
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{ENDPOINT} is set, but {error.name} is missing: pip install 'newsdesk[opentelemetry]'."
        ) from error
    provider = TracerProvider(resource=Resource.create({"service.name": "newsdesk"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    layers = app.middleware_stack or app.build_middleware_stack()
    app.middleware_stack = OpenTelemetryMiddleware(layers, tracer_provider=provider, exclude_spans=["receive", "send"])
    return app
