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
            "examples": [
                {"text": "Lakers win championship", "category": "sports", "editor": "r.burns"},
                {
                    "prediction_id": "019a3c5e-7d21-7b3f-9c44-2f6f0a9d1e52",
                    "text": "Lakers win championship",
                    "category": "sports",
                },
            ],
            "anyOf": [
                {"required": ["text"], "properties": {"text": _GIVEN}},
                {"required": ["prediction_id"], "properties": {"prediction_id": _GIVEN, "title": _NOT_GIVEN}},
            ],
        }
    )

    prediction_id: UUID | None = Field(default=None, description="The prediction that it is about.")
    title: Title | None = None
    text: Text | None = Field(
        default=None,
        description="What it is about. Beside prediction_id the text of that prediction: where the server keeps no "
        "texts, only a label that brings its text along can train the next model.",
    )
    category: Category = Field(description="The right category. Blanks around it do not count.")
    editor: Name | None = Field(default=None, description="Who says so; by default the caller.")
    key: Name | None = Field(default=None, description="The same key a second time changes nothing.")

    @model_validator(mode="after")
    def _is_about_one_thing(self) -> "FeedbackRequest":
        if self.prediction_id is None and self.text is None:
            raise ValueError("Give prediction_id, text, or both")
        if self.title is not None and self.text is None:
            raise ValueError("A title goes with a text: leave it out")
        return self

    @property
    def whole(self) -> str | None:
        """What a prediction of this title and text is known by; None for feedback about a prediction alone."""
        return self.text if self.title is None or self.text is None else join_title_and_text(self.title, self.text)


class FeedbackResponse(ResponseBody):
    feedback_id: str
    status: Literal["created", "unchanged", "spooled"] = Field(
        description="`spooled`: safe on disk, on its way into the store."
    )
    timestamp: datetime
    category: str = Field(
        description="As it is understood: the category of the model in charge that differs by case and blanks, or by "
        "data_pipeline.categories.aliases, alone, else as it was sent or is called there, without blanks around it."
    )
    can_teach: bool | None = Field(
        description="Whether the text is kept, so that the next model can learn from it. False: the label measures, "
        "and trains only if the text is among the articles the model was trained from. null: nobody can look now."
    )
    warnings: list[str] = Field(description="Why the feedback may come to less than was meant, in sentences.")
