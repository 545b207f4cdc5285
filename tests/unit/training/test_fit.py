from typing import Any

import numpy as np
import pytest

from newsdesk.articles.dataset import Examples
from newsdesk.config.model_config import ModelConfig
from newsdesk.errors import ConfigError, TrainingError
from newsdesk.training.fit import Features, FittedClassifier, clean_examples, fit_classifier, fit_features
from tests.builders import sample_texts


def config(model: dict[str, Any] | None = None, name: str = "naive_bayes", **sections: Any) -> ModelConfig:
    return ModelConfig.model_validate({"models": {name: model or {}}, **sections})


def tfidf(**settings: Any) -> dict[str, Any]:
    return {"feature_extraction": {"tfidf": settings}}


def cleaning(**switches: Any) -> dict[str, Any]:
    return {"preprocessing": {"text_cleaning": switches}}


def examples(per_category: int = 8) -> Examples:
    return Examples(*sample_texts(per_category))


def features_of(texts: Examples, settings: ModelConfig) -> Features:
    return fit_features(clean_examples(texts, settings), settings)


def fit(name: str, model: dict[str, Any], seed: int = 1) -> FittedClassifier:
    wanted = config(model, name)
    return fit_classifier(name, wanted, features_of(examples(), wanted), seed)


def test_features_are_of_cleaned_texts() -> None:
    texts = Examples(["the Championships", "championship matches"], ["a", "b"])
    settings = tfidf(min_df=1, max_df=1.0, ngram_range=[1, 1])
    assert set(features_of(texts, config(**settings)).vectorizer.vocabulary_) == {"championship", "match"}
    raw = features_of(texts, config(**settings, **cleaning(lemmatization=False, lowercase=False)))
    assert set(raw.vectorizer.vocabulary_) == {"Championships", "championship", "matches"}


def test_features_follow_the_settings_of_the_configuration() -> None:
    features = features_of(examples(), config(**tfidf(max_features=25, ngram_range=[2, 2], min_df=1)))
    assert features.matrix.shape == (40, 25)
    assert all(term.count(" ") == 1 for term in features.vectorizer.vocabulary_)
    assert features.categories == examples().categories


@pytest.mark.parametrize(
    ("texts", "settings"),
    [
        (["the of and", "to be or not"], {}),
        (["", "?!"], {"min_df": 1}),
        (["bank", "goal"], {"min_df": 2}),
        (["bank", "bank"], {"max_df": 0.5}),
        (["bank share", "bank goal"], {"min_df": 5}),
    ],
)
def test_where_no_term_is_left_the_way_out_is_told(texts: list[str], settings: dict[str, Any]) -> None:
    with pytest.raises(
        TrainingError, match=r"No term is left to learn from .* lower feature_extraction\.tfidf\.min_df"
    ):
        features_of(Examples(texts, ["a", "b"]), config(**tfidf(**settings)))


def test_a_fit_that_was_cut_short_says_so_without_a_warning() -> None:
    assert not fit("neural_network", {"hidden_layer_sizes": [4], "max_iter": 1}).converged
    assert not fit("logistic_regression", {"max_iter": 1}).converged


def test_a_fit_that_came_to_its_end_says_so() -> None:
    assert fit("naive_bayes", {}).converged
    assert fit("logistic_regression", {"max_iter": 1000}).converged


def test_a_fit_knows_its_name_its_type_and_its_time() -> None:
    fitted = fit("trees", {"class": "sklearn.ensemble.ExtraTreesClassifier", "n_estimators": 3})
    assert (fitted.name, fitted.model_type) == ("trees", "ExtraTreesClassifier")
    assert fitted.fit_seconds > 0


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("naive_bayes", {"alpha": "much"}),
        ("logistic_regression", {"solver": "newton"}),
        ("logistic_regression", {"penalty": "l1", "solver": "lbfgs"}),
        ("logistic_regression", {"C": -1}),
        ("neural_network", {"hidden_layer_sizes": [0]}),
        ("neural_network", {"activation": "gelu"}),
        ("random_forest", {"max_depth": 0}),
        ("random_forest", {"n_estimators": None}),
    ],
)
def test_a_value_that_scikit_learn_refuses_is_an_error_of_the_configuration(name: str, model: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"^models\.{name}: .* Correct the parameter, or leave it out\.$"):
        fit(name, model)


@pytest.mark.parametrize(
    ("name", "model"), [("random_forest", {"n_estimators": 5}), ("neural_network", {"hidden_layer_sizes": [4]})]
)
def test_the_same_seed_gives_the_same_model_and_another_seed_another(name: str, model: dict[str, Any]) -> None:
    texts = ["profit and shares", "the cup final", "a vote in parliament"]
    first, again, other = (fit(name, model, seed).pipeline.predict_proba(texts) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
