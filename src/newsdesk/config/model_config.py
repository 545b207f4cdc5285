"""`configs/model_config.yaml`: which classifiers are tried, on which features, after which cleaning."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from newsdesk.errors import UsageError

# One candidate classifier: scikit-learn's own parameter names, and `class` where the name is none of the four below.
Hyperparameters = dict[str, Any]

DEFAULT_MODELS: dict[str, Hyperparameters] = {
    "neural_network": {
        "hidden_layer_sizes": [100, 50],
        "activation": "relu",
        "solver": "adam",
        "alpha": 0.0001,
        "batch_size": "auto",
        "learning_rate": "constant",
        "learning_rate_init": 0.001,
        "max_iter": 200,
        "early_stopping": "auto",
        "n_iter_no_change": 3,
    },
    "logistic_regression": {"penalty": "l2", "C": 1.0, "solver": "lbfgs", "max_iter": 1000},
    "naive_bayes": {"alpha": 1.0},
    "random_forest": {"n_estimators": 100, "max_depth": 10, "min_samples_split": 2, "min_samples_leaf": 1},
}

# Values to try where training has a budget for it.
DEFAULT_TUNING: dict[str, dict[str, list[Any]]] = {
    "neural_network": {"alpha": [0.00001, 0.0001, 0.001, 0.01], "hidden_layer_sizes": [[50], [100], [100, 50]]},
    "logistic_regression": {"C": [0.3, 1.0, 3.0, 10.0, 30.0]},
    "naive_bayes": {"alpha": [0.01, 0.03, 0.1, 0.3, 1.0]},
    "random_forest": {"n_estimators": [100, 300], "max_depth": [10, 30, None]},
}

Share = Annotated[float, Field(ge=0, le=1)]


class FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _empty_sections_are_defaults(cls, values: Any) -> Any:
        """A section whose lines are all commented out has its defaults."""
        if not isinstance(values, dict):
            return values
        return {key: value for key, value in values.items() if value is not None or not cls._is_section(key)}

    @classmethod
    def _is_section(cls, key: Any) -> bool:
        field = cls.model_fields.get(key)
        return field is not None and isinstance(field.default, (BaseModel, dict, list))


class TfidfConfig(FrozenModel):
    """Settings of scikit-learn's `TfidfVectorizer`, under its own names."""

    max_features: PositiveInt | None = 10000
    ngram_range: tuple[PositiveInt, PositiveInt] = (1, 2)
    stop_words: Literal["english"] | list[str] | None = "english"
    max_df: PositiveInt | Share = 0.95
    min_df: PositiveInt | Share = 2
    sublinear_tf: bool = True

    @model_validator(mode="after")
    def _ngram_range_ascends(self) -> "TfidfConfig":
        if self.ngram_range[0] > self.ngram_range[1]:
            raise ValueError("ngram_range: the first number may not be larger than the second")
        return self


class FeatureExtraction(FrozenModel):
    tfidf: TfidfConfig = TfidfConfig()


class TextCleaning(FrozenModel):
    """The switches of the cleaning; what each does is told in `newsdesk.text.cleaning`."""

    lowercase: bool = True
    remove_punctuation: bool = True
    remove_numbers: bool = False
    remove_stopwords: bool = True
    lemmatization: bool = True
    min_text_length: int = Field(default=10, ge=1)


class Preprocessing(FrozenModel):
    text_cleaning: TextCleaning = TextCleaning()


class ModelConfig(FrozenModel):
    models: dict[str, Hyperparameters] = Field(default=DEFAULT_MODELS, min_length=1)
    tuning: dict[str, dict[str, Annotated[list[Any], Field(min_length=1)]]] = DEFAULT_TUNING
    feature_extraction: FeatureExtraction = FeatureExtraction()
    preprocessing: Preprocessing = Preprocessing()

    def with_candidates(self, names: Sequence[str] | None) -> "ModelConfig":
        """With these candidates alone; with all for None. Raises `UsageError` naming those that there are."""
        if names is None:
            return self
        unknown = [name for name in names if name not in self.models]
        if unknown or not names:
            raise UsageError(
                f"There is no candidate '{''.join(unknown[:1])}' in model_config.yaml. Choose among: "
                f"{', '.join(self.models)}."
            )
        return self.model_copy(update={"models": {name: self.models[name] for name in names}})
