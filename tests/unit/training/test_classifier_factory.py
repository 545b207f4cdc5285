import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier

from newsdesk.config.model_config import DEFAULT_MODELS
from newsdesk.errors import ConfigError
from newsdesk.training.classifier_factory import make_classifier

ROWS = np.random.default_rng(1).random((60, 5))
CATEGORIES = [f"class {i % 3}" for i in range(60)]


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("neural_network", MLPClassifier),
        ("logistic_regression", LogisticRegression),
        ("naive_bayes", MultinomialNB),
        ("random_forest", RandomForestClassifier),
    ],
)
def test_a_known_name_needs_no_class(name: str, cls: type) -> None:
    assert isinstance(make_classifier(name, {}, 1), cls)


@pytest.mark.parametrize("name", DEFAULT_MODELS)
def test_the_defaults_are_parameters_that_scikit_learn_takes(name: str) -> None:
    classifier = make_classifier(name, DEFAULT_MODELS[name] | ({"max_iter": 2} if name == "neural_network" else {}), 1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Stochastic Optimizer")
        classifier.fit(ROWS, CATEGORIES)
    assert classifier.predict_proba(ROWS).shape == (60, 3)


def test_any_classifier_of_scikit_learn_joins_by_its_class() -> None:
    classifier = make_classifier("trees", {"class": "sklearn.ensemble.ExtraTreesClassifier", "n_estimators": 7}, 1)
    assert type(classifier) is ExtraTreesClassifier
    assert classifier.n_estimators == 7


def test_a_class_replaces_the_one_that_a_known_name_stands_for() -> None:
    classifier = make_classifier("naive_bayes", {"class": "sklearn.naive_bayes.ComplementNB"}, 1)
    assert type(classifier).__name__ == "ComplementNB"


def test_parameters_arrive_under_their_own_names_and_lists_as_tuples() -> None:
    classifier = make_classifier("neural_network", {"hidden_layer_sizes": [30, 20], "alpha": 0.01}, 1)
    assert classifier.hidden_layer_sizes == (30, 20)
    assert classifier.alpha == 0.01


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "auto"),
        ({"early_stopping": False}, False),
        ({"early_stopping": True}, True),
        ({"solver": "sgd"}, False),
        ({"solver": "sgd", "early_stopping": "auto"}, False),
        ({"solver": "sgd", "early_stopping": True}, True),
    ],
)
def test_a_network_stops_early_as_configured_and_otherwise_where_there_are_enough_articles(
    parameters: dict[str, Any], expected: object
) -> None:
    for name, of_class in (("neural_network", {}), ("mine", {"class": "sklearn.neural_network.MLPClassifier"})):
        assert make_classifier(name, parameters | of_class, 1).early_stopping == expected


def test_the_configuration_itself_is_left_as_it_was() -> None:
    hyperparameters = {"class": "sklearn.linear_model.LogisticRegression", "penalty": "l1", "solver": "saga"}
    make_classifier("lasso", hyperparameters, 1)
    assert hyperparameters == {"class": "sklearn.linear_model.LogisticRegression", "penalty": "l1", "solver": "saga"}


@pytest.mark.parametrize("name", ["neural_network", "logistic_regression", "random_forest"])
def test_the_seed_is_handed_to_a_classifier_that_takes_one(name: str) -> None:
    assert make_classifier(name, {}, 17).random_state == 17
    assert make_classifier(name, {"random_state": 5}, 17).random_state == 5


def test_a_name_that_is_not_known_needs_a_class() -> None:
    with pytest.raises(ConfigError, match=r"models\.gradient_boosting: say which .* neural_network, .* random_forest"):
        make_classifier("gradient_boosting", {"n_estimators": 5}, 1)


@pytest.mark.parametrize(
    "path",
    [
        "os.system",
        "pickle.loads",
        "sklearnx.ensemble.ExtraTreesClassifier",
        "newsdesk.sklearn.Model",
        "ExtraTreesClassifier",
        "sklearn",
        "",
        7,
    ],
)
def test_a_class_from_elsewhere_than_scikit_learn_is_refused(path: object) -> None:
    with pytest.raises(
        ConfigError, match=r"models\.mine\.class: '.*' is not from scikit-learn.*begins with 'sklearn\.'"
    ):
        make_classifier("mine", {"class": path}, 1)


@pytest.mark.parametrize(
    "path",
    [
        "sklearn.ensemble.ExtraTreeClassifiers",
        "sklearn.ensembles.ExtraTreesClassifier",
        "sklearn.ensemble.",
        "sklearn..ensemble.ExtraTreesClassifier",
        "sklearn.ensemble.ExtraTreesClassifier.fit.x",
    ],
)
def test_a_path_that_leads_nowhere_is_refused_by_its_name(path: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        make_classifier("mine", {"class": path}, 1)
    assert str(refusal.value) == f"models.mine.class: there is no '{path}' in this scikit-learn. Check the path."


@pytest.mark.parametrize(
    "path",
    [
        "sklearn.linear_model.LinearRegression",
        "sklearn.svm.LinearSVC",
        "sklearn.metrics.accuracy_score",
        "sklearn.feature_extraction.text.TfidfVectorizer",
        "sklearn.mixture.GaussianMixture",
        "sklearn.base.clone",
    ],
)
def test_what_is_no_classifier_with_probabilities_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match=r"is not a classifier with predict_proba\. Choose one that is"):
        make_classifier("mine", {"class": path}, 1)


@pytest.mark.parametrize("path", ["sklearn.linear_model.SGDClassifier", "sklearn.svm.SVC"])
def test_a_classifier_that_has_no_probabilities_as_configured_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="predict_proba"):
        make_classifier("mine", {"class": path}, 1)


def test_a_classifier_that_has_probabilities_by_its_parameters_is_accepted() -> None:
    sgd = make_classifier("mine", {"class": "sklearn.linear_model.SGDClassifier", "loss": "log_loss"}, 1)
    assert hasattr(sgd, "predict_proba")


@pytest.mark.parametrize("path", ["sklearn.ensemble.VotingClassifier", "sklearn.multiclass.OneVsRestClassifier"])
def test_a_classifier_that_needs_more_than_yaml_can_say_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match=r"models\.mine"):
        make_classifier("mine", {"class": path}, 1)


@pytest.mark.parametrize(
    ("name", "typo", "meant"),
    [
        ("neural_network", "hidden_layers_sizes", "hidden_layer_sizes"),
        ("logistic_regression", "max_iters", "max_iter"),
        ("naive_bayes", "alhpa", "alpha"),
        ("random_forest", "n_estimator", "n_estimators"),
    ],
)
def test_an_unknown_parameter_names_the_nearest_known_one(name: str, typo: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=rf"models\.{name}: \w+ has no parameter '{typo}'\. Did you mean '{meant}'\?"):
        make_classifier(name, {typo: 1}, 1)


def test_a_parameter_like_none_that_is_known_gets_the_list_of_all() -> None:
    with pytest.raises(ConfigError, match=r"It has alpha, force_alpha, fit_prior, class_prior\."):
        make_classifier("naive_bayes", {"zzz": 1}, 1)


PENALTIES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"l1_ratio": 0.0, "C": 1.0}),
    ({"penalty": "l2", "C": 3.0}, {"l1_ratio": 0.0, "C": 3.0}),
    ({"penalty": "l1", "solver": "saga"}, {"l1_ratio": 1.0, "C": 1.0}),
    ({"penalty": "elasticnet", "solver": "saga"}, {"l1_ratio": 0.5}),
    ({"penalty": "elasticnet", "solver": "saga", "l1_ratio": 0.2}, {"l1_ratio": 0.2}),
    ({"penalty": "none", "C": 3.0}, {"C": float("inf")}),
    ({"penalty": None}, {"C": float("inf")}),
]


@pytest.mark.parametrize(("hyperparameters", "expected"), PENALTIES)
def test_a_penalty_is_said_in_the_words_that_replace_it_without_a_warning(
    hyperparameters: dict[str, Any], expected: dict[str, Any]
) -> None:
    classifier = make_classifier("logistic_regression", {"max_iter": 2000, "tol": 0.1} | hyperparameters, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        classifier.fit(ROWS, CATEGORIES)
    assert {key: classifier.get_params()[key] for key in expected} == expected


def test_each_penalty_does_what_its_name_says() -> None:
    def weights(penalty: str) -> Any:
        settings = {"penalty": penalty, "solver": "saga", "max_iter": 5000, "C": 0.5, "tol": 1e-3}
        return make_classifier("logistic_regression", settings, 1).fit(ROWS, CATEGORIES).coef_

    assert (weights("l1") == 0).any()
    assert not (weights("l2") == 0).any()
    assert np.abs(weights("none")).sum() > np.abs(weights("l2")).sum() > np.abs(weights("l1")).sum()


def test_an_unknown_penalty_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"penalty: 'l3' is not one of l2, l1, elasticnet, none"):
        make_classifier("logistic_regression", {"penalty": "l3"}, 1)


def test_an_unknown_penalty_is_refused_by_the_key_it_stands_under() -> None:
    with pytest.raises(ConfigError, match=r"models\.lasso\.penalty"):
        make_classifier("lasso", {"class": "sklearn.linear_model.LogisticRegression", "penalty": "l3"}, 1)
