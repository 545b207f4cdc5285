"""Is it up, is it ready, how does it do."""

import asyncio
from datetime import timedelta
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from newsdesk.monitoring.metric_samples import prometheus_text
from newsdesk.serving.errors import DOCUMENTED_ERRORS, Responses
from newsdesk.serving.prometheus import exposition
from newsdesk.serving.schemas import HealthResponse, ReadyResponse
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.server_state import ServerState


def add_routes(app: FastAPI, state: ServerState) -> None:
    without_model: Responses = {
        HTTPStatus.SERVICE_UNAVAILABLE.value: {"model": HealthResponse, "description": "No model."}
    }
    not_ready: Responses = {HTTPStatus.SERVICE_UNAVAILABLE.value: {"model": ReadyResponse, "description": "Not ready."}}

    @app.get("/health", responses={**DOCUMENTED_ERRORS, **without_model})
    async def health(request: Request, response: Response) -> HealthResponse:
        """Whether the service answers, by which model, since when, and what is wrong.

        `healthy`: all is well. `degraded`: predictions are answered, but something needs a look; `problems` says what.
        `unavailable` (503): there is no model to answer with. Who sends credentials with the scope `monitor` reads
        words, everybody else codes.
        """
        model = state.models.champion
        problems = state.problems_for_administrators(in_words=request.scope["caller"].may("monitor"))
        status = "degraded" if problems else "healthy"
        if model is None:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
            status = "unavailable"
        return HealthResponse(
            status=status,
            model_type=model.predictor.bundle.manifest.model_type if model else None,
            model_version=model.version if model else None,
            uptime=str(timedelta(seconds=int(state.uptime))),
            last_prediction=state.predictions.last_prediction.newest(),
            problems=problems,
        )

    @app.get("/ready", responses={**DOCUMENTED_ERRORS, **not_ready})
    async def ready(response: Response) -> ReadyResponse:
        """Whether requests should be sent here: there is a model."""
        is_ready = state.models.champion is not None
        if not is_ready:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return ReadyResponse(ready=is_ready)

    @app.get(
        "/metrics",
        responses={**DOCUMENTED_ERRORS, 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
        response_class=Response,
    )
    async def metrics() -> Response:
        """Everything that is measured, for Prometheus."""
        state.metrics.batch.flush()
        content, content_type = await asyncio.to_thread(exposition, state.metrics.registry)
        samples = await asyncio.to_thread(state.samples)
        return Response(content + prometheus_text(samples), media_type=content_type)

    @app.get(
        "/monitor",
        responses={**DOCUMENTED_ERRORS, 200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
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
        page = state.monitor_page_with_examples if may_read_texts else state.monitor_page
        return HTMLResponse(await page.html())
