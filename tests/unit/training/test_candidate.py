from functools import cache

from newsdesk.articles.dataset import Examples
from newsdesk.config.gate_config import GateMetric
from newsdesk.config.model_config import ModelConfig, TextCleaning
from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Predictor
from newsdesk.training.candidate import Candidate, best_candidate, measure, predict_by_scikit_learn, predict_categories
from newsdesk.training.evaluation import evaluate
from newsdesk.training.fit import FittedClassifier, clean_examples, fit_classifier, fit_features
from tests.builders import bundle_of, sample_texts

TRUTH = "aaaaaabbbb"
PERFECT, GOOD, BAD = TRUTH, "aaaaaabbba", "bbbbbbaaaa"
# Eight of ten are right in both, but only the first is even-handed.
EVEN, UNEVEN = "aaaaabbbba", "aaaaaabbaa"


def candidate(name: str, validation: str, *, test: str = GOOD, servable: bool = True, truth: str = TRUTH) -> Candidate:
    """A candidate that gave these letters to the articles of `truth`."""
    figures = (evaluate(list(right), list(letters)) for right, letters in ((truth, validation), (TRUTH, test)))
    return Candidate(name, "Any", {}, {}, 0.1, True, bundle() if servable else None, *figures, 0.1)


def best_of(*candidates: Candidate, metric: GateMetric = "accuracy") -> str | None:
    best = best_candidate(candidates, metric)
    return best and best.name


@cache
def examples() -> Examples:
    return Examples(*sample_texts(8))


@cache
def fitted(name: str = "naive_bayes") -> FittedClassifier:
    config = ModelConfig(models={name: {}})
    return fit_classifier(name, config, fit_features(clean_examples(examples(), config), config), seed=1)


@cache
def bundle() -> Bundle:
    config = ModelConfig()
    return bundle_of(fitted().pipeline, config.preprocessing.text_cleaning, config.feature_extraction.tfidf)


def measured(with_bundle: Bundle | None) -> Candidate:
    validation, test = examples(), Examples(examples().texts[::2], examples().categories[::2])
    return measure(fitted(), with_bundle, TextCleaning(), validation, test)


def test_the_highest_validation_accuracy_wins_wherever_it_stands() -> None:
    field = [candidate("bad", BAD), candidate("perfect", PERFECT), candidate("good", GOOD)]
    assert best_of(*field) == "perfect"
    assert best_of(*reversed(field)) == "perfect"


def test_the_winner_is_chosen_by_the_metric_that_it_is_judged_by() -> None:
    truth = "aaaaaaaaab"
    common, fair = candidate("common", "a" * 10, truth=truth), candidate("fair", "aaaaaaabbb", truth=truth)
    for field in ((common, fair), (fair, common)):
        assert best_of(*field) == "common"
        assert best_of(*field, metric="macro_f1") == "fair"


def test_among_equals_the_highest_macro_f1_wins() -> None:
    even, uneven = candidate("even", EVEN), candidate("uneven", UNEVEN)
    assert even.validation.accuracy == uneven.validation.accuracy
    assert best_of(uneven, even) == best_of(even, uneven) == "even"


def test_accuracy_comes_before_macro_f1() -> None:
    truth = "aaaaaaaabc"
    accurate, fair = candidate("accurate", "aaaaaaaaaa", truth=truth), candidate("fair", "aaaaabbbbc", truth=truth)
    assert fair.validation.f1_macro > accurate.validation.f1_macro
    assert best_of(fair, accurate) == "accurate"


def test_the_test_set_has_no_say() -> None:
    assert best_of(candidate("a", GOOD, test=BAD), candidate("b", EVEN, test=PERFECT)) == "a"


def test_of_two_that_are_alike_the_first_in_the_configuration_wins() -> None:
    assert best_of(candidate("first", GOOD), candidate("second", GOOD)) == "first"


def test_a_candidate_that_cannot_be_served_never_wins() -> None:
    assert best_of(candidate("perfect", PERFECT, servable=False), candidate("bad", BAD)) == "bad"
    assert best_of(candidate("perfect", PERFECT, servable=False)) is None
    assert best_of() is None


def test_a_bundle_is_measured_like_the_classifier_it_was_made_from() -> None:
    served, unserved = measured(bundle()), measured(None)
    for split in ("validation", "test"):
        assert getattr(served, split).metrics() == getattr(unserved, split).metrics()
        assert getattr(served, split).confusion.tolist() == getattr(unserved, split).confusion.tolist()
    assert served.validation.confusion.sum() == 40
    assert served.test.confusion.sum() == 20


def test_only_a_candidate_with_a_bundle_has_a_size() -> None:
    terms = bundle().manifest.feature_count
    served, unserved = measured(bundle()), measured(None)
    assert served.size_bytes == 8 * (5 * terms + 5 + terms)
    assert unserved.size_bytes is None
    assert min(served.predict_ms, unserved.predict_ms) > 0


def test_the_most_probable_category_is_the_one_that_is_served() -> None:
    predictor = Predictor(bundle())
    texts = [*examples().texts[::3], "", "zqx"]
    assert predict_categories(predictor, texts) == [predictor.predict(text).category for text in texts]
    assert predict_by_scikit_learn(fitted(), TextCleaning())(texts) == predict_categories(predictor, texts)
