import pytest

from newsdesk.config.model_config import ModelConfig
from newsdesk.errors import ConfigError
from newsdesk.pipeline.candidate_training import check_candidates
from newsdesk.training.tuning import sample_hyperparameters


def test_without_a_budget_only_what_is_configured_is_tried() -> None:
    config = ModelConfig()
    assert sample_hyperparameters("naive_bayes", config, 0, seed=1) == [config.models["naive_bayes"]]


def test_what_is_configured_comes_first_then_so_many_others_without_repeats() -> None:
    config = ModelConfig()
    tried = sample_hyperparameters("random_forest", config, 3, seed=1)
    assert tried[0] == config.models["random_forest"]
    assert len(tried) == 4
    assert all(tried.count(settings) == 1 for settings in tried)
    assert {settings["min_samples_leaf"] for settings in tried} == {1}  # what is not listed stays


def test_a_budget_beyond_what_there_is_tries_all_of_it() -> None:
    tried = sample_hyperparameters("naive_bayes", ModelConfig(), 100, seed=1)
    assert sorted(settings["alpha"] for settings in tried) == [0.01, 0.03, 0.1, 0.3, 1.0]


def test_the_same_seed_draws_the_same() -> None:
    config = ModelConfig()
    assert sample_hyperparameters("neural_network", config, 4, seed=7) == sample_hyperparameters(
        "neural_network", config, 4, seed=7
    )


def test_a_candidate_without_values_to_draw_from_is_tried_as_it_is() -> None:
    config = ModelConfig(tuning={})
    assert sample_hyperparameters("naive_bayes", config, 5, seed=1) == [config.models["naive_bayes"]]


def test_a_mistake_in_a_value_to_try_is_found_before_anything_is_fitted() -> None:
    with pytest.raises(ConfigError, match="no parameter 'alpah'"):
        check_candidates(ModelConfig(tuning={"naive_bayes": {"alpah": [0.1]}}), seed=1)
