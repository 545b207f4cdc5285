"""Editors' corrections."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import FastAPI, Request, Response

from newsdesk.articles.category import Spellings
from newsdesk.serving.errors import DOCUMENTED_ERRORS, ApiError, Responses
from newsdesk.serving.feedback_schemas import FeedbackRequest, FeedbackResponse
from newsdesk.serving.feedback_warnings import feedback_warnings
from newsdesk.serving.security.caller import Caller
from newsdesk.serving.server_state import ServerState
from newsdesk.serving.text_checks import text_error
from newsdesk.store.records import Feedback, FeedbackConflict, TextMismatch, new_id, text_digest

_STATUS = {"created": HTTPStatus.CREATED, "unchanged": HTTPStatus.OK, "spooled": HTTPStatus.ACCEPTED}
_ALSO: Responses = {
    status.value: {"model": FeedbackResponse, "description": status.phrase} for status in _STATUS.values()
}


def add_routes(app: FastAPI, state: ServerState) -> None:
    @app.post("/feedback", status_code=HTTPStatus.CREATED, responses={**DOCUMENTED_ERRORS, **_ALSO})
    async def give_feedback(body: FeedbackRequest, request: Request) -> FeedbackResponse:
        """The right category of a prediction, or of a text. Answered once it cannot be lost any more.

        With `prediction_id` send the `text`, too: a label teaches only what text it is about, and the texts of
        predictions are not kept by default. It must be the text of that prediction (else 409 `text_mismatch`).

        Sent again, with the same key or about the same thing, it changes nothing (200). An editor who says something
        else later is taken at the later word.
        """
        now = datetime.now(UTC)
        caller: Caller = request.scope["caller"]
        text, champion = body.whole, state.models.champion
        if text is not None and (error := text_error(text, champion)):
            raise error
        feedback = Feedback(
            id=new_id(),
            at=now,
            category=body.category,
            editor=body.editor or caller.name,
            prediction_id=str(body.prediction_id) if body.prediction_id else None,
            text_digest=None if text is None else text_digest(text),
            text=text if state.settings.store_feedback_text else None,
            key=body.key,
            caller=caller.name,
            trusted=caller.trusted,
        )
        try:
            receipt = await state.prediction_log.feedback(feedback)
        except TextMismatch:
            message = "The prediction was made of another text: send that one, with its title if it had one, or none"
            raise ApiError(HTTPStatus.CONFLICT, "Conflict", message, "text_mismatch") from None
        except FeedbackConflict:
            message = "That key was used before, for something else"
            raise ApiError(HTTPStatus.CONFLICT, "Conflict", message, "feedback_conflict") from None
        state.metrics.feedback.labels(receipt.status).inc()
        classes = champion.predictor.classes if champion else []
        rules, keeps_texts = state.category_rules, state.settings.store_feedback_text
        category, is_excluded = Spellings(classes, rules.of).of(body.category), rules.of(body.category) is None
        if category not in classes:
            category = rules.of(category) or category
        response = FeedbackResponse(
            feedback_id=receipt.id,
            status=receipt.status,
            timestamp=now,
            category=category,
            can_teach=receipt.text_is_kept,
            warnings=feedback_warnings(
                feedback, receipt, None if is_excluded else category, classes, store_feedback_text=keeps_texts
            ),
        )
        return Response(  # type: ignore[return-value]
            response.model_dump_json(), _STATUS[receipt.status], media_type="application/json"
        )
