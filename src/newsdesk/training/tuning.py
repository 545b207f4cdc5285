"""Sample the hyperparameters to try for a candidate."""

from math import prod

from sklearn.model_selection import ParameterSampler

from newsdesk.config.model_config import Hyperparameters, ModelConfig


def sample_hyperparameters(name: str, config: ModelConfig, budget: int, seed: int) -> list[Hyperparameters]:
    """The hyperparameters that are configured, then up to `budget` others, drawn from the values in `tuning:`.

    The same seed draws the same. Without values to draw from there are no others.
    """
    configured, values = config.models[name], config.tuning.get(name, {})
    if not values or budget == 0:
        return [configured]
    count = min(budget + 1, prod(len(options) for options in values.values()))  # one of them may be the configured
    samples = [configured | draw for draw in ParameterSampler(values, count, random_state=seed)]
    return [configured, *(settings for settings in samples if settings != configured)][: budget + 1]
