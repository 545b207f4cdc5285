"""Predict many texts: one JSON body, or JSON Lines of any length."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.types import Scope

from newsdesk.serving.batch_schemas import (
    LINE_ITEMS,
    BatchFailure,
    BatchPrediction,
    BatchRequest,
    BatchResponse,
    LinesQuery,
    PredictionLine,
)
from newsdesk.serving.body_limits import LimitedBody
from newsdesk.serving.errors import DOCUMENTED_ERRORS, ApiError, Responses, invalid_input
from newsdesk.serving.json_lines import JsonLinesResponse, failure_line
from newsdesk.serving.json_route import JSON_LINES, JsonRoute, content_type_of, validate_body
from newsdesk.serving.model_loader import LoadedModel
from newsdesk.serving.prediction_result import PredictionOptions, PredictionResult
from newsdesk.serving.request_rows import RequestRow, RowId, request_row
from newsdesk.serving.response_buffer import DiskBudget
from newsdesk.serving.server_state import ServerState
from newsdesk.serving.strict_json import parse_json
from newsdesk.store.records import Arm

_ITEMS_AT_ONCE = 500
_LINES: Responses = {HTTPStatus.OK.value: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}}


def add_routes(app: FastAPI, state: ServerState) -> None:
    predictions = state.predictions
    budget = DiskBudget()

    async def answer_texts(
        texts: Sequence[str | ApiError], options: PredictionOptions, model: LoadedModel, arm: Arm | None, caller: str
    ) -> list[PredictionResult | ApiError]:
        """An answer to each text, in order, and what was refused before in its place."""
        valid = [text for text in texts if isinstance(text, str)]
        answers = iter(await predictions.predict_many(valid, options, model, arm, caller))
        return [next(answers) if isinstance(text, str) else text for text in texts]

    async def predict_batch(body: BatchRequest, request: Request) -> BatchResponse:
        """The categories of many texts: a JSON body answered as a whole, or JSON Lines answered line by line.

        A text that cannot be answered is a failure in its place; the others are answered. JSON Lines
        (`Content-Type: application/x-ndjson`, `{"text": …}` in each line, and a `title` and an `id` if you like; other
        columns that training knows are passed over) may be of any length; `top_k`, `threshold`, `model` and `log` then
        go into the query.
        """
        caller: str = request.scope["caller_name"]
        started = time.perf_counter()
        model, arm = await state.choose_model(body.model, caller)
        answers = await answer_texts(
            body.texts, PredictionOptions(body.top_k, body.threshold, body.log), model, arm, caller
        )
        failed = sum(isinstance(answer, ApiError) for answer in answers)
        response = BatchResponse(
            predictions=[],
            succeeded=len(answers) - failed,
            failed=failed,
            processing_time_ms=round((time.perf_counter() - started) * 1000, 3),
            model_version=model.version,
            timestamp=datetime.now(UTC),
            digest=model.digest,
        )
        return await _add_items(response, answers)  # type: ignore[return-value]

    async def predict_lines(request: Request) -> Response:
        """Every batch of lines is answered by whoever is in charge when it comes."""
        caller: str = request.scope["caller_name"]
        query = validate_body(LinesQuery, dict(request.query_params))
        options = PredictionOptions(query.top_k, query.threshold, query.log)
        requested_model = await state.model_named(query.model) if query.model else None
        predictions.choose_model(requested_model, caller)  # refuses while a status can still be sent

        async def answer(first: int, lines: list[bytes]) -> bytes:
            await state.admit_again(request.scope, is_counted=first == 0)
            model, arm = predictions.choose_model(requested_model, caller)
            rows = await state.text_workers.offload_if_long(
                sum(map(len, lines)), lambda: [_parse_line(line) for line in lines]
            )
            answers = await answer_texts([row.text for row in rows], options, model, arm, caller)
            pairs = zip(rows, answers, strict=True)
            return b"".join(
                _result_line(index, row.id, answer) for index, (row, answer) in enumerate(pairs, start=first)
            )

        return JsonLinesResponse(answer, predictions.batch_size, state.settings.api_timeout, budget)

    class BatchRoute(JsonRoute):
        """One path for two kinds of body."""

        def read(self, model: type[LimitedBody], scope: Scope, body: bytes) -> BaseModel:
            request = super().read(model, scope, body)
            assert isinstance(request, BatchRequest)
            return request.model_copy(update={"texts": [_item_text(text) for text in request.texts]})

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle_json = super().get_route_handler()

            async def handle(request: Request) -> Response:
                is_json_lines = content_type_of(request.scope) in JSON_LINES
                return await (predict_lines(request) if is_json_lines else handle_json(request))

            return handle

    app.router.add_api_route(
        "/predict/batch",
        predict_batch,
        methods=["POST"],
        response_model=BatchResponse,
        responses={**DOCUMENTED_ERRORS, **_LINES},
        openapi_extra={"requestBody": _LINES[HTTPStatus.OK.value]},
        route_class_override=BatchRoute,
    )


async def _add_items(response: BatchResponse, answers: Sequence[PredictionResult | ApiError]) -> Response:
    """`response` with an item for each answer, written a few at a time: ten thousand take long in one step."""
    items: list[bytes] = []
    for start in range(0, len(answers), _ITEMS_AT_ONCE):
        items += [
            _result_item(index, answer) for index, answer in enumerate(answers[start : start + _ITEMS_AT_ONCE], start)
        ]
        await asyncio.sleep(0)
    begin, end = response.model_dump_json().encode().split(b"[]", maxsplit=1)
    return Response(b"%s[%s]%s" % (begin, b",".join(items), end), media_type="application/json")


def _result_item(index: int, answer: PredictionResult | ApiError) -> bytes:
    item: BatchPrediction | BatchFailure
    if isinstance(answer, ApiError):
        item = BatchFailure(index=index, error=answer.error, message=answer.message, code=answer.code)
    else:
        item = BatchPrediction.model_construct(index=index, **_prediction_fields(answer))
    return item.__pydantic_serializer__.to_json(item)


def _item_text(item: Any) -> str | ApiError:
    """The text of an item of a batch, or why there is none."""
    if isinstance(item, str):
        return item
    if isinstance(item, dict):
        return request_row(item).text
    return invalid_input("A text must be a string, or an object with text and title")


def _result_line(index: int, line_id: RowId | None, answer: PredictionResult | ApiError) -> bytes:
    if isinstance(answer, ApiError):
        return failure_line(index, line_id, answer)
    line = PredictionLine.model_construct(index=index, id=line_id, **_prediction_fields(answer))
    return line.model_dump_json().encode() + b"\n"


def _prediction_fields(answer: PredictionResult) -> dict[str, Any]:
    return {
        "prediction": answer.category,
        "confidence": answer.confidence,
        "probabilities": answer.probabilities,
        "prediction_id": answer.prediction_id if answer.is_logged else None,
        "model_version": answer.model.version,
        "warnings": answer.warnings,
        "abstained": answer.abstained,
    }


def _parse_line(line: bytes) -> RequestRow:
    try:
        return request_row(parse_json(line, LINE_ITEMS))
    except ApiError as error:
        return RequestRow(error, None)
