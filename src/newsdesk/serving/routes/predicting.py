"""Predict one text, and explain."""

from datetime import UTC, datetime

from fastapi import FastAPI, Request

from newsdesk.model.explain import explain
from newsdesk.serving.errors import DOCUMENTED_ERRORS, invalid_input
from newsdesk.serving.prediction_result import PredictionOptions
from newsdesk.serving.schemas import (
    ExplainRequest,
    ExplainResponse,
    PredictRequest,
    PredictResponse,
    TermContribution,
)
from newsdesk.serving.server_state import ServerState
from newsdesk.serving.text_checks import text_error


def add_routes(app: FastAPI, state: ServerState) -> None:
    predictions = state.predictions

    @app.post("/predict", responses=DOCUMENTED_ERRORS)
    async def predict(body: PredictRequest, request: Request) -> PredictResponse:
        """The category of one text, with the probability of every category."""
        caller: str = request.scope["caller_name"]
        served, arm = await state.choose_model(body.model, caller)
        answer = await predictions.predict_one(
            body.whole, PredictionOptions(body.top_k, body.threshold), served, arm, caller
        )
        return PredictResponse(
            prediction=answer.category,
            confidence=answer.confidence,
            probabilities=answer.probabilities,
            processing_time_ms=round(answer.milliseconds, 3),
            model_version=answer.served.version,
            timestamp=answer.at,
            prediction_id=answer.prediction_id,
            digest=answer.served.digest,
            warnings=answer.warnings,
            abstained=answer.abstained,
        )

    @app.post("/explain", responses=DOCUMENTED_ERRORS)
    async def explain_prediction(body: ExplainRequest, request: Request) -> ExplainResponse:
        """How much each term spoke for a category: baseline and contributions sum to its score.

        Exact for linear models and naive Bayes; for the others, sampled Shapley values.
        """
        served, _ = await state.choose_model(body.model, request.scope["caller_name"])
        text = body.whole
        if refusal := text_error(text, served):
            raise refusal
        if body.category is not None and body.category not in served.predictor.classes:
            raise invalid_input("category is not one of this model's; GET /model/info lists them", "unknown_category")
        state.explanation_workers.require_room()
        said = await state.explanation_workers.run(lambda: explain(served.predictor, text, body.category))
        shown, rest = said.terms[: body.top_k], said.terms[body.top_k :]
        return ExplainResponse(
            category=said.category,
            probability=said.probability,
            score=said.score,
            baseline=said.baseline,
            terms=[TermContribution(term=term, contribution=value) for term, value in shown],
            other_terms=sum(value for _, value in rest),
            method=said.method,
            model_version=served.version,
            timestamp=datetime.now(UTC),
            digest=served.digest,
        )
