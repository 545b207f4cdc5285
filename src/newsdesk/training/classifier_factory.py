"""From `models:` in the configuration to scikit-learn classifiers."""

import inspect
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from sklearn.base import ClassifierMixin
from sklearn.neural_network import MLPClassifier

from newsdesk.config.model_config import Hyperparameters
from newsdesk.errors import ConfigError
from newsdesk.training.sparse_mlp import SparseMLPClassifier

KNOWN_CLASSES = {
    "neural_network": "sklearn.neural_network.MLPClassifier",
    "logistic_regression": "sklearn.linear_model.LogisticRegression",
    "naive_bayes": "sklearn.naive_bayes.MultinomialNB",
    "random_forest": "sklearn.ensemble.RandomForestClassifier",
}


def make_classifier(name: str, hyperparameters: Hyperparameters, seed: int) -> Any:
    """A new classifier as the configuration describes it, seeded. Raises `ConfigError` naming the key and the fix."""
    parameters = {key: tuple(value) if isinstance(value, list) else value for key, value in hyperparameters.items()}
    cls = _find_class(name, parameters.pop("class", KNOWN_CLASSES.get(name)))
    known = list(inspect.signature(cls).parameters)
    for key in parameters:
        if key not in known:
            close = get_close_matches(key, known, n=1)
            hint = f"Did you mean '{close[0]}'?" if close else f"It has {', '.join(known)}."
            raise ConfigError(f"models.{name}: {cls.__name__} has no parameter '{key}'. {hint}")
    if "random_state" in known:
        parameters.setdefault("random_state", seed)
    if cls is MLPClassifier:
        cls, parameters = SparseMLPClassifier, {"early_stopping": "auto"} | parameters
        if parameters["early_stopping"] == "auto" and parameters.get("solver", "adam") != "adam":
            parameters["early_stopping"] = False  # scikit-learn's own solvers have no "auto"
    if cls.__name__ == "LogisticRegression":
        parameters = _without_penalty(name, parameters)
    try:
        classifier = cls(**parameters)
    except TypeError as error:
        raise ConfigError(
            f"models.{name}: {cls.__name__} cannot be made so: {error}. Give what it asks for."
        ) from error
    if not hasattr(classifier, "predict_proba"):
        raise ConfigError(
            f"models.{name}: {cls.__name__} has no predict_proba with these parameters. Change them "
            "(for SGDClassifier, loss: log_loss), or choose another class."
        )
    return classifier


def _find_class(name: str, path: object) -> Any:
    if path is None:
        raise ConfigError(
            f"models.{name}: say which scikit-learn classifier this is, for example class: "
            "sklearn.ensemble.ExtraTreesClassifier. "
            f"Without class, the names are {', '.join(KNOWN_CLASSES)}."
        )
    module, _, attribute = str(path).rpartition(".")
    if module.partition(".")[0] != "sklearn":
        raise ConfigError(
            f"models.{name}.class: '{path}' is not from scikit-learn. Give a path that begins with 'sklearn.'."
        )
    try:
        cls = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"models.{name}.class: there is no '{path}' in this scikit-learn. Check the path.") from error
    if not (inspect.isclass(cls) and issubclass(cls, ClassifierMixin) and hasattr(cls, "predict_proba")):
        raise ConfigError(f"models.{name}.class: {path} is not a classifier with predict_proba. Choose one that is.")
    return cls


def _without_penalty(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Say `penalty` in the words that replace it: scikit-learn 1.8 deprecated the parameter, 1.10 removes it."""
    rest = {key: value for key, value in parameters.items() if key != "penalty"}
    match parameters.get("penalty", "l2"):
        case "l2":
            return rest
        case "l1":
            return rest | {"l1_ratio": 1.0}
        case "elasticnet":
            return {"l1_ratio": 0.5} | rest
        case None | "none":
            return rest | {"C": float("inf")}
        case other:
            raise ConfigError(f"models.{name}.penalty: {other!r} is not one of l2, l1, elasticnet, none.")
