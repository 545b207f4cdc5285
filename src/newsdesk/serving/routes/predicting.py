"""Predict one text, and explain."""

from datetime import UTC, datetime

from fastapi import FastAPI, Request

from newsdesk.model.explain import explain
from newsdesk.serving.answering import Wish
from newsdesk.serving.errors import FAILURES, invalid_input
from newsdesk.serving.schemas import (
    ExplainRequest,
    ExplainResponse,
    PredictRequest,
    PredictResponse,
    TermContribution,
)
from newsdesk.serving.service import Service
from newsdesk.serving.suitable_texts import unsuitable


def add_routes(app: FastAPI, service: Service) -> None:
    answering = service.answering

    @app.post("/predict", responses=FAILURES)
    async def predict(body: PredictRequest, request: Request) -> PredictResponse:
        """The category of one text, with the probability of every category."""
        caller: str = request.scope["caller_name"]
        served, arm = await service.who_answers(body.model, caller)
        answer = await answering.one(body.whole, Wish(body.top_k, body.threshold), served, arm, caller)
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

    @app.post("/explain", responses=FAILURES)
    async def explain_prediction(body: ExplainRequest, request: Request) -> ExplainResponse:
        """How much each term spoke for a category: baseline and contributions sum to its score.

        Exact for linear models and naive Bayes; for the others, sampled Shapley values.
        """
        served, _ = await service.who_answers(body.model, request.scope["caller_name"])
        text = body.whole
        if refusal := unsuitable(text, served):
            raise refusal
        if body.category is not None and body.category not in served.predictor.classes:
            raise invalid_input("category is not one of this model's; GET /model/info lists them", "unknown_category")
        service.explaining.require_room()
        said = await service.explaining.run(lambda: explain(served.predictor, text, body.category))
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
