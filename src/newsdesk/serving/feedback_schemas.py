"""What goes over the wire for feedback."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, model_validator

from newsdesk.serving.body_limits import ONE_TEXT, BodyLimits
from newsdesk.serving.schemas import Category, Name, RequestBody, ResponseBody, Text, Title
from newsdesk.text.cleaning import join_title_and_text

_GIVEN: dict[str, JsonValue] = {"type": "string"}
_NOT_GIVEN: dict[str, JsonValue] = {"type": "null"}


class FeedbackRequest(RequestBody):
    body_limits: ClassVar[BodyLimits] = ONE_TEXT
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "Lakers win championship", "category": "sports", "editor": "r.burns"}],
            "oneOf": [
                {
                    "required": ["prediction_id"],
                    "properties": {"prediction_id": _GIVEN, "text": _NOT_GIVEN, "title": _NOT_GIVEN},
                },
                {"required": ["text"], "properties": {"text": _GIVEN, "prediction_id": _NOT_GIVEN}},
            ],
        }
    )

    prediction_id: UUID | None = None
    title: Title | None = None
    text: Text | None = None
    category: Category = Field(description="The right category. Blanks around it do not count.")
    editor: Name | None = Field(default=None, description="Who says so; by default the caller.")
    key: Name | None = Field(default=None, description="The same key a second time changes nothing.")

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> "FeedbackRequest":
        if (self.prediction_id is None) == (self.text is None):
            raise ValueError("Give either prediction_id or text")
        if self.title is not None and self.text is None:
            raise ValueError("A title goes with a text: leave it out")
        return self

    @property
    def whole(self) -> str | None:
        """What a prediction of this title and text is known by; None for feedback about a prediction."""
        return self.text if self.title is None or self.text is None else join_title_and_text(self.title, self.text)


class FeedbackResponse(ResponseBody):
    feedback_id: str
    status: Literal["created", "unchanged", "spooled"] = Field(
        description="`spooled`: safe on disk, on its way into the store."
    )
    timestamp: datetime
    category: str = Field(
        description="As it is understood: the category of the model in charge that differs by case and blanks alone, "
        "else as it was sent, without blanks around it."
    )
