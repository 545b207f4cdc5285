import pytest
from pydantic import ValidationError

from newsdesk.config.model_config import ModelConfig, TextCleaning, TfidfConfig
from newsdesk.errors import UsageError


def test_the_four_candidates_are_tried_by_default() -> None:
    assert list(ModelConfig().models) == ["neural_network", "logistic_regression", "naive_bayes", "random_forest"]


def test_at_least_one_candidate_is_needed() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        ModelConfig.model_validate({"models": {}})


@pytest.mark.parametrize("ngrams", [(1, 1), (1, 3), (2, 2)])
def test_an_ngram_range_that_ascends_is_taken(ngrams: tuple[int, int]) -> None:
    assert TfidfConfig(ngram_range=ngrams).ngram_range == ngrams


@pytest.mark.parametrize("ngrams", [(2, 1), (0, 1), (1, 2, 3)])
def test_an_ngram_range_that_descends_or_is_no_range_is_refused(ngrams: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="ngram_range"):
        TfidfConfig.model_validate({"ngram_range": ngrams})


@pytest.mark.parametrize("bound", ["max_df", "min_df"])
def test_a_document_frequency_is_a_number_of_documents_or_a_share(bound: str) -> None:
    count, share = (getattr(TfidfConfig.model_validate({bound: value}), bound) for value in (1, 1.0))

    assert (count, type(count)) == (1, int)
    assert (share, type(share)) == (1.0, float)


@pytest.mark.parametrize("bound", ["max_df", "min_df"])
@pytest.mark.parametrize("value", [-1, -0.5, 1.5, float("nan"), float("inf")])
def test_a_document_frequency_that_is_neither_is_refused(bound: str, value: float) -> None:
    with pytest.raises(ValidationError, match=bound):
        TfidfConfig.model_validate({bound: value})


@pytest.mark.parametrize("length", [0, -5, 2.5])
def test_the_shortest_text_has_one_character_or_more(length: float) -> None:
    with pytest.raises(ValidationError, match="min_text_length"):
        TextCleaning.model_validate({"min_text_length": length})


def test_a_configuration_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ModelConfig().preprocessing.text_cleaning.lowercase = False  # type: ignore[misc]


def test_some_of_the_candidates_are_chosen_by_name_in_the_order_named() -> None:
    config = ModelConfig()
    assert list(config.with_candidates(["naive_bayes", "logistic_regression"]).models) == [
        "naive_bayes",
        "logistic_regression",
    ]
    assert config.with_candidates(None) == config


@pytest.mark.parametrize("names", [["naive_bayes", "perceptron"], []])
def test_a_candidate_that_is_not_configured_is_an_error_naming_those_that_are(names: list[str]) -> None:
    with pytest.raises(UsageError, match=r"no candidate '.*Choose among: neural_network, .*, random_forest\.$"):
        ModelConfig().with_candidates(names)
