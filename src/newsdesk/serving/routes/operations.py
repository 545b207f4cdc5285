"""Is it up, is it ready, how does it do."""

import asyncio
from datetime import timedelta
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from newsdesk.monitoring.samples import in_prometheus_text
from newsdesk.serving.errors import FAILURES, Responses
from newsdesk.serving.prometheus import exposition
from newsdesk.serving.schemas import HealthResponse, ReadyResponse
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.service import Service


def add_routes(app: FastAPI, service: Service) -> None:
    without_model: Responses = {
        HTTPStatus.SERVICE_UNAVAILABLE.value: {"model": HealthResponse, "description": "No model."}
    }
    not_ready: Responses = {HTTPStatus.SERVICE_UNAVAILABLE.value: {"model": ReadyResponse, "description": "Not ready."}}

    @app.get("/health", responses={**FAILURES, **without_model})
    async def health(request: Request, response: Response) -> HealthResponse:
        """Whether the service answers, by which model, since when, and what is wrong.

        `healthy`: all is well. `degraded`: predictions are answered, but something needs a look; `problems` says what.
        `unavailable` (503): there is no model to answer with. Who sends credentials with the scope `monitor` reads
        words, everybody else codes.
        """
        served = service.models.champion
        problems = service.told_problems(in_words=request.scope["caller"].may("monitor"))
        status = "degraded" if problems else "healthy"
        if served is None:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
            status = "unavailable"
        return HealthResponse(
            status=status,
            model_type=served.predictor.bundle.manifest.model_type if served else None,
            model_version=served.version if served else None,
            uptime=str(timedelta(seconds=int(service.uptime))),
            last_prediction=service.answering.last_prediction.newest(),
            problems=problems,
        )

    @app.get("/ready", responses={**FAILURES, **not_ready})
    async def ready(response: Response) -> ReadyResponse:
        """Whether requests should be sent here: there is a model."""
        is_ready = service.models.champion is not None
        if not is_ready:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return ReadyResponse(ready=is_ready)

    @app.get(
        "/metrics",
        responses={**FAILURES, 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        response_class=Response,
    )
    async def metrics() -> Response:
        """Everything that is measured, for Prometheus."""
        service.metrics.batch.flush()
        content, content_type = await asyncio.to_thread(exposition, service.metrics.registry)
        samples = await asyncio.to_thread(service.samples)
        return Response(content + in_prometheus_text(samples), media_type=content_type)

    @app.get(
        "/monitor",
        responses={**FAILURES, 200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
        response_class=HTMLResponse,
    )
    async def monitor(request: Request) -> HTMLResponse:
        """How the model does, as a page for people: accuracy by feedback and estimated, what got worse, drift, whether
        to retrain.

        It is drawn anew at most once a minute. Who sends credentials with the scope `admin` also reads the beginnings
        of some texts of what got worse, where texts that come with feedback are kept.
        """
        caller: Caller = request.scope["caller"]
        may_read_texts = caller.authenticated and caller.may("admin")
        page = service.monitor_page_with_examples if may_read_texts else service.monitor_page
        return HTMLResponse(await page.html())
