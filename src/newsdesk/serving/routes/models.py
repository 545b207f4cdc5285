"""Which model answers, which there are, and who is to be in charge."""

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from newsdesk.serving.errors import DOCUMENTED_ERRORS, Responses
from newsdesk.serving.model_errors import no_model_loaded
from newsdesk.serving.promotion_service import PromotionOutcome
from newsdesk.serving.schemas import (
    ChangeResponse,
    ChangeUnderWay,
    ModelInfoResponse,
    ModelVersion,
    PromoteRequest,
    RollbackRequest,
    VersionsResponse,
)
from newsdesk.serving.server_state import ServerState

_ALSO: Responses = {202: {"model": ChangeUnderWay, "description": "It goes on, for longer than `API_TIMEOUT`."}}


def add_routes(app: FastAPI, state: ServerState) -> None:
    @app.get("/model/info", responses=DOCUMENTED_ERRORS)
    async def model_info() -> ModelInfoResponse:
        """What the model in charge was trained from, and how well it did."""
        model = state.models.champion
        if model is None:
            raise no_model_loaded()
        manifest = model.predictor.bundle.manifest
        return ModelInfoResponse(
            model_name=manifest.model_type,
            version=model.version,
            accuracy=manifest.metrics["accuracy"],
            categories=manifest.classes,
            training_date=manifest.trained_at,
            feature_count=manifest.feature_count,
            dataset_version=manifest.dataset_version,
            digest=manifest.digest,
        )

    @app.get("/model/versions", responses=DOCUMENTED_ERRORS)
    async def model_versions() -> VersionsResponse:
        """Every registered version, and the aliases it holds."""
        versions = await asyncio.to_thread(state.loader.versions)
        return VersionsResponse(versions=[ModelVersion.model_validate(vars(version)) for version in versions])

    @app.post("/model/promote", responses={**DOCUMENTED_ERRORS, **_ALSO})
    async def promote(body: PromoteRequest, request: Request) -> ChangeResponse:
        """Put a registered version in charge. This server answers by it when the answer is sent; others follow within
        `MODEL_REFRESH_INTERVAL`. A change once begun ends, whether the caller waits or not."""
        caller, deadline = request.scope["caller_name"], request.scope["deadline"]
        return _change_response(await state.promotions.promote(body.version, body.reason, caller, deadline))

    @app.post("/model/rollback", responses={**DOCUMENTED_ERRORS, **_ALSO})
    async def rollback(body: RollbackRequest, request: Request) -> ChangeResponse:
        """Put the version that was in charge before back in charge."""
        caller, deadline = request.scope["caller_name"], request.scope["deadline"]
        return _change_response(await state.promotions.rollback(body.reason, caller, deadline))


def _change_response(outcome: PromotionOutcome | None) -> ChangeResponse:
    now = datetime.now(UTC)
    if outcome is not None:
        return ChangeResponse(**vars(outcome), timestamp=now)
    answer = ChangeUnderWay(timestamp=now).model_dump_json()
    return Response(answer, HTTPStatus.ACCEPTED, media_type="application/json")  # type: ignore[return-value]
