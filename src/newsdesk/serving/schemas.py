"""What goes over the wire. Field names are part of the contract."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictFloat,
    StrictInt,
)

from newsdesk.articles.article import MAX_TEXT_LENGTH
from newsdesk.articles.category import PATTERN as CATEGORY
from newsdesk.articles.category import clean_category
from newsdesk.serving.body_limits import MIB, ONE_TEXT, BodyLimits, LimitedBody
from newsdesk.text.cleaning import join_title_and_text

UNCERTAIN = "uncertain"  # the category of an answer below the threshold that was asked for
ABSTAINED = f"Whether `{UNCERTAIN}` means that the threshold was not reached: a model may have a category of that name."

MODEL_NAME = r"^(champion|challenger|[1-9][0-9]{0,8})$"
_NO_NUL = r"^[^\u0000]*$"
Text = Annotated[
    str,
    Field(min_length=1, max_length=MAX_TEXT_LENGTH, pattern=_NO_NUL, description="Headline, article, or both."),
]
LONGEST_EXPLAINED = 50_000  # characters: the time for one grows with its square where a model has to be sampled
Title = Annotated[str, Field(max_length=10_000, pattern=_NO_NUL, description="Put before the text, as in training.")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_NO_NUL)]
Category = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra={"pattern": CATEGORY}),
    AfterValidator(clean_category),
]
ModelName = Annotated[
    str,
    Field(pattern=MODEL_NAME, description="champion, challenger, or a version."),
]


def _without_fraction(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_without_fraction)  # JSON Schema counts 3.0 among the integers
Count = Annotated[StrictInt, Field(ge=1, le=1000), WHOLE]
Identifier = Annotated[str, Field(json_schema_extra={"format": "uuid"})]


class RequestBody(LimitedBody):
    """Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ResponseBody(BaseModel):
    model_config = ConfigDict(protected_namespaces=())


class OptionFields(RequestBody):
    """The fields of a request that say how to answer."""

    top_k: Count | None = Field(default=None, description="Give only the probabilities of this many best categories.")
    threshold: StrictFloat | None = Field(
        default=None,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description=f"Answer `{UNCERTAIN}` where the best category is less probable than this.",
    )
    model: ModelName | None = Field(default=None, description="Who is to answer; by default the model in charge.")


class ArticleBody(RequestBody):
    """What is to be classified."""

    body_limits: ClassVar[BodyLimits] = ONE_TEXT

    title: Title | None = None
    text: Text

    @property
    def whole(self) -> str:
        """Title and text as a model is trained on them, and as the log and the editors' corrections know them."""
        return self.text if self.title is None else join_title_and_text(self.title, self.text)


class PredictRequest(ArticleBody, OptionFields):
    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Stock market hits record high"}]})


class PredictResponse(ResponseBody):
    prediction: str
    confidence: float = Field(description="Probability of the best category.")
    probabilities: dict[str, float] = Field(description="Probability of every category, highest first.")
    processing_time_ms: float
    model_version: str
    timestamp: datetime
    prediction_id: Identifier = Field(description="To give feedback on this prediction.")
    digest: str = Field(description="Of the bundle that answered.")
    warnings: list[str] = Field(description="Why the answer may be worth little, in sentences.")
    abstained: bool = Field(description=ABSTAINED)


class ExplainRequest(ArticleBody):
    body_limits: ClassVar[BodyLimits] = BodyLimits(size=MIB, items=ONE_TEXT.items)

    text: Annotated[Text, Field(max_length=LONGEST_EXPLAINED)]
    category: Name | None = Field(default=None, description="Explain this category; by default the best one.")
    top_k: Count = Field(default=20, description="Show this many terms; the rest is summed up.")
    model: ModelName | None = None


class TermContribution(ResponseBody):
    term: str = Field(description="One or more words as the model sees them: cleaned.")
    contribution: float


class ExplainResponse(ResponseBody):
    category: str
    probability: float
    score: float = Field(description="What baseline, terms and other_terms sum to: the category's logit.")
    baseline: float = Field(description="What the score begins with, before any term speaks.")
    terms: list[TermContribution] = Field(description="Largest first.")
    other_terms: float = Field(description="The sum of the contributions that are not shown.")
    method: str
    model_version: str
    timestamp: datetime
    digest: str


class HealthResponse(ResponseBody):
    status: Literal["healthy", "degraded", "unavailable"]
    model_type: str | None
    model_version: str | None
    uptime: str
    last_prediction: datetime | None
    problems: list[str] = Field(
        description="Why the status is not healthy: codes; for callers with the scope monitor `code: words`."
    )


class ReadyResponse(ResponseBody):
    ready: bool


class ModelInfoResponse(ResponseBody):
    model_name: str
    version: str
    accuracy: float = Field(description="On the test set of the dataset it was trained from.")
    categories: list[str]
    training_date: datetime
    feature_count: int
    dataset_version: str
    digest: str


class ModelVersion(ResponseBody):
    version: str
    digest: str
    model_type: str
    dataset_version: str
    accuracy: float | None = Field(description="null where it was registered without one.")
    registered_at: datetime
    aliases: list[str]


class VersionsResponse(ResponseBody):
    versions: list[ModelVersion] = Field(description="Newest first.")


class PromoteRequest(RequestBody):
    model_config = ConfigDict(json_schema_extra={"examples": [{"version": "3", "reason": "better on local politics"}]})

    version: str = Field(pattern=r"^[1-9][0-9]{0,8}$")
    reason: Name = "by hand, over HTTP"


class RollbackRequest(RequestBody):
    reason: Name = "by hand, over HTTP"


class ChangeResponse(ResponseBody):
    champion: str = Field(description="The version now in charge.")
    replaced: str | None = Field(description="The version that was in charge before.")
    digest: str
    timestamp: datetime


class ChangeUnderWay(ResponseBody):
    status: Literal["under way"] = "under way"
    message: str = "The change goes on and will end. GET /model/versions tells who is in charge"
    timestamp: datetime


class TokenRequest(RequestBody):
    api_key: Name
    scopes: list[Literal["predict", "feedback", "monitor", "admin"]] | None = Field(
        default=None, description="By default all that the key has."
    )


class TokenResponse(ResponseBody):
    access_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - what RFC 6750 calls it
    expires_in: int = Field(description="Seconds.")
    scope: str


class ErrorResponse(BaseModel):
    error: str
    message: str
    code: str
    request_id: str
    timestamp: datetime
