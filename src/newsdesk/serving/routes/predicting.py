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
        model, arm = await state.choose_model(body.model, caller)
        result = await predictions.predict_one(
            body.whole, PredictionOptions(body.top_k, body.threshold), model, arm, caller
        )
        return PredictResponse(
            prediction=result.category,
            confidence=result.confidence,
            probabilities=result.probabilities,
            processing_time_ms=round(result.milliseconds, 3),
            model_version=result.model.version,
            timestamp=result.at,
            prediction_id=result.prediction_id,
            digest=result.model.digest,
            warnings=result.warnings,
            abstained=result.abstained,
        )

    @app.post("/explain", responses=DOCUMENTED_ERRORS)
    async def explain_prediction(body: ExplainRequest, request: Request) -> ExplainResponse:
        """How much each term spoke for a category: baseline and contributions sum to its score.

        Exact for linear models and naive Bayes; for the others, sampled Shapley values.
        """
        model, _ = await state.choose_model(body.model, request.scope["caller_name"])
        text = body.whole
        if error := text_error(text, model):
            raise error
        if body.category is not None and body.category not in model.predictor.classes:
            raise invalid_input("category is not one of this model's; GET /model/info lists them", "unknown_category")
        state.explanation_workers.require_room()
        explanation = await state.explanation_workers.run(lambda: explain(model.predictor, text, body.category))
        shown, rest = explanation.terms[: body.top_k], explanation.terms[body.top_k :]
        return ExplainResponse(
            category=explanation.category,
            probability=explanation.probability,
            score=explanation.score,
            baseline=explanation.baseline,
            terms=[TermContribution(term=term, contribution=value) for term, value in shown],
            other_terms=sum(value for _, value in rest),
            method=explanation.method,
            model_version=model.version,
            timestamp=datetime.now(UTC),
            digest=model.digest,
        )
