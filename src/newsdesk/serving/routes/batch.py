"""Predict many texts: one JSON body, or JSON Lines of any length."""

import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response

from newsdesk.serving.answering import Answer, Wish
from newsdesk.serving.batch_schemas import (
    BatchFailure,
    BatchPrediction,
    BatchRequest,
    BatchResponse,
    Line,
    LinesQuery,
    PredictionLine,
)
from newsdesk.serving.errors import FAILURES, ApiError, Responses
from newsdesk.serving.json_lines import JsonLinesResponse, failure_line
from newsdesk.serving.route import JSON_LINES, JsonRoute, content_type_of, parse_json, validated
from newsdesk.serving.service import Service

_LINES: Responses = {HTTPStatus.OK.value: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}}


def add_routes(app: FastAPI, service: Service) -> None:
    answering = service.answering

    async def predict_batch(body: BatchRequest, request: Request) -> BatchResponse:
        """The categories of many texts: a JSON body answered as a whole, or JSON Lines answered line by line.

        A text that cannot be answered is a failure in its place; the others are answered. JSON Lines
        (`Content-Type: application/x-ndjson`, `{"text": …}` in each line, and an `id` if you like) may be of any
        length; `top_k`, `threshold` and `model` then go into the query.
        """
        caller: str = request.scope["caller_name"]
        begun = time.perf_counter()
        served, arm = await service.who_answers(body.model, caller)
        answers = await answering.many(body.texts, Wish(body.top_k, body.threshold), served, arm, caller)
        failed = sum(isinstance(answer, ApiError) for answer in answers)
        return BatchResponse.model_construct(
            predictions=[_item(index, answer) for index, answer in enumerate(answers)],
            succeeded=len(answers) - failed,
            failed=failed,
            processing_time_ms=round((time.perf_counter() - begun) * 1000, 3),
            model_version=served.version,
            timestamp=datetime.now(UTC),
            digest=served.digest,
        )

    async def predict_lines(request: Request) -> Response:
        """Every batch of lines is answered by whoever is in charge when it comes."""
        caller: str = request.scope["caller_name"]
        query = validated(LinesQuery, dict(request.query_params))
        wish = Wish(query.top_k, query.threshold)
        asked_for = await service.model_named(query.model) if query.model else None
        answering.chosen(asked_for, caller)  # refuses while a status can still be sent

        async def answer(first: int, lines: list[bytes]) -> bytes:
            served, arm = answering.chosen(asked_for, caller)
            parsed = [_parsed(line) for line in lines]
            texts = [line.text for line in parsed if isinstance(line, Line)]
            answers = iter(await answering.many(texts, wish, served, arm, caller))
            return b"".join(
                _line(index, None, line) if isinstance(line, ApiError) else _line(index, line.id, next(answers))
                for index, line in enumerate(parsed, start=first)
            )

        return JsonLinesResponse(answer, answering.batch_size, service.settings.api_timeout)

    class BatchRoute(JsonRoute):
        """One path for two kinds of body."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            as_a_whole = super().get_route_handler()

            async def handle(request: Request) -> Response:
                lines = content_type_of(request.scope) in JSON_LINES
                return await (predict_lines(request) if lines else as_a_whole(request))

            return handle

    app.router.add_api_route(
        "/predict/batch",
        predict_batch,
        methods=["POST"],
        response_model=BatchResponse,
        responses={**FAILURES, **_LINES},
        openapi_extra={"requestBody": _LINES[HTTPStatus.OK.value]},
        route_class_override=BatchRoute,
    )


def _item(index: int, answer: Answer | ApiError) -> BatchPrediction | BatchFailure:
    if isinstance(answer, ApiError):
        return BatchFailure(index=index, error=answer.error, message=answer.message, code=answer.code)
    return BatchPrediction.model_construct(index=index, **_told(answer))


def _line(index: int, line_id: str | None, answer: Answer | ApiError) -> bytes:
    if isinstance(answer, ApiError):
        return failure_line(index, line_id, answer)
    line = PredictionLine.model_construct(index=index, id=line_id, **_told(answer))
    return line.model_dump_json().encode() + b"\n"


def _told(answer: Answer) -> dict[str, Any]:
    return {
        "prediction": answer.category,
        "confidence": answer.confidence,
        "probabilities": answer.probabilities,
        "prediction_id": answer.prediction_id,
        "model_version": answer.served.version,
    }


def _parsed(line: bytes) -> Line | ApiError:
    try:
        return validated(Line, parse_json(line))
    except ApiError as refusal:
        return refusal
