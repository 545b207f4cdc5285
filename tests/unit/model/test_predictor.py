import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.errors import BundleError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import load_bundle, save_bundle, seal
from newsdesk.model.calibration import at_temperature
from newsdesk.model.golden_examples import add_golden_examples
from newsdesk.model.predictor import Predictor
from newsdesk.text.cleaning import join_title_and_text
from tests.builders import bundle_of, fit_pipeline, fitted_bundle
from tests.unit.model.equality import EXACT, TRAINED_ON, largest_difference, unseen_texts, wild_texts


@cache
def predictor() -> Predictor:
    return Predictor(fitted_bundle(LogisticRegression(C=10), TRAINED_ON))


def with_another_vocabulary(bundle: Bundle) -> Bundle:
    forms = {**bundle.vocabulary.forms, "bank": "nosuchword"}
    return seal(bundle.manifest, bundle.vocabulary.model_copy(update={"forms": forms}), bundle.tensors)


def without(name: str) -> Callable[[Bundle], Bundle]:
    def remove(bundle: Bundle) -> Bundle:
        tensors = {key: tensor for key, tensor in bundle.tensors.items() if key != name}
        return seal(bundle.manifest, bundle.vocabulary, tensors)

    return remove


def with_one_class_more(bundle: Bundle) -> Bundle:
    classes = [*bundle.manifest.classes, "weather"]
    return seal(bundle.manifest.model_copy(update={"classes": classes}), bundle.vocabulary, bundle.tensors)


def with_one_class_less(bundle: Bundle) -> Bundle:
    classes = bundle.manifest.classes[:-1]
    return seal(bundle.manifest.model_copy(update={"classes": classes}), bundle.vocabulary, bundle.tensors)


def with_too_few_weights(bundle: Bundle) -> Bundle:
    return seal(bundle.manifest, bundle.vocabulary, bundle.tensors | {"weights": bundle.tensors["weights"][:3]})


def with_too_few_frequencies(bundle: Bundle) -> Bundle:
    return seal(bundle.manifest, bundle.vocabulary, bundle.tensors | {"idf": bundle.tensors["idf"][:3]})


def rows_of(table: Path, count: int) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(islice(csv.DictReader(file), count))


@settings(max_examples=40, deadline=None)
@given(text=wild_texts())
def test_a_prediction_ranks_every_class_and_names_the_first(text: str) -> None:
    prediction = predictor().predict(text)
    ranked = list(prediction.probabilities.values())
    assert set(prediction.probabilities) == set(predictor().classes)
    assert ranked == sorted(ranked, reverse=True)
    assert sum(ranked) == pytest.approx(1)
    assert next(iter(prediction.probabilities.items())) == (prediction.category, prediction.confidence)


def test_a_prediction_says_what_a_batch_says() -> None:
    texts = unseen_texts(2)
    for text, row in zip(texts, predictor().predict_proba(texts), strict=True):
        expected = dict(zip(predictor().classes, row.tolist(), strict=True))
        assert predictor().predict(text).probabilities == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(wild_texts(), max_size=6))
def test_a_batch_of_any_strings_says_what_each_says_alone(texts: list[str]) -> None:
    many = predictor().predict_many(texts)
    for text, prediction in zip(texts, many, strict=True):
        alone = predictor().predict(text)
        assert prediction.probabilities == pytest.approx(alone.probabilities, abs=1e-12)
        assert next(iter(prediction.probabilities.items())) == (prediction.category, prediction.confidence)


def test_a_batch_longer_than_one_step_keeps_the_order_of_its_texts() -> None:
    texts = [*unseen_texts(1), "", "x" * 300_000, "The bank " * 30_000] * 90
    many = predictor().predict_proba(texts)
    assert many == pytest.approx(np.tile(many[:9], (90, 1)), abs=1e-12)
    assert len({tuple(row) for row in many[:9].round(6).tolist()}) == 8  # the two without a known word are alike


def test_classes_of_equal_probability_are_ranked_in_the_order_of_the_classes() -> None:
    plain = predictor().bundle
    tensors = {name: tensor * 0 if name != "idf" else tensor for name, tensor in plain.tensors.items()}
    undecided = Predictor(add_golden_examples(seal(plain.manifest, plain.vocabulary, tensors)))
    assert list(undecided.predict("The bank").probabilities) == undecided.classes


def test_a_bundle_of_format_3_answers_at_its_temperature() -> None:
    plain = predictor().bundle
    changes = {"format_version": 3, "temperature": 2.5}
    warm = add_golden_examples(seal(plain.manifest.model_copy(update=changes), plain.vocabulary, plain.tensors))
    texts = [*unseen_texts(2), ""]
    expected = at_temperature(predictor().predict_proba(texts), 2.5)
    assert Predictor(warm).predict_proba(texts) == pytest.approx(expected, abs=1e-12)
    assert Predictor(warm).predict(texts[0]).confidence < predictor().predict(texts[0]).confidence
    assert Predictor(warm).predict_proba([]).shape == (0, 5)


def test_it_learnt_something() -> None:
    assert predictor().predict("The striker scored twice as the team won the cup final").category == "sports"
    assert predictor().predict("Parliament votes on the bill after the minister resigned").category == "politics"


def test_a_bundle_answers_the_same_after_a_journey_through_the_disk(tmp_path: Path) -> None:
    save_bundle(predictor().bundle, tmp_path / "bundle")
    loaded = Predictor(load_bundle(tmp_path / "bundle"))
    assert np.array_equal(loaded.predict_proba(unseen_texts(2)), predictor().predict_proba(unseen_texts(2)))


def test_threads_share_a_predictor() -> None:
    shared = Predictor(fitted_bundle(RandomForestClassifier(10, random_state=1), TRAINED_ON))
    texts = unseen_texts(5) * 4
    alone = [shared.predict(text) for text in texts]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(shared.predict, texts)) == alone


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        (without("idf"), "idf"),
        (without("weights"), "weights"),
        (without("intercepts"), "intercepts"),
        (with_another_vocabulary, "nosuchword"),
    ],
)
def test_a_bundle_that_lacks_a_part_is_refused_by_name(change: Callable[[Bundle], Bundle], lacking: str) -> None:
    with pytest.raises(BundleError, match=f"lacks '{lacking}'. Fetch it again"):
        Predictor(change(predictor().bundle))


@pytest.mark.parametrize(
    "change", [with_one_class_more, with_one_class_less, with_too_few_weights, with_too_few_frequencies]
)
def test_a_bundle_whose_parts_do_not_fit_each_other_is_refused(change: Callable[[Bundle], Bundle]) -> None:
    with pytest.raises(BundleError):
        Predictor(change(predictor().bundle))


def test_over_ten_thousand_real_articles_the_bundle_says_what_scikit_learn_says(shared_data: Path) -> None:
    rows = rows_of(shared_data / "ag_news.csv", 9500) + rows_of(shared_data / "bbc_news.csv", 2225)
    texts = [join_title_and_text(row["title"], row["text"]) for row in rows]
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    part = slice(None, None, 25)
    categories = [row["category"] for row in rows[part]]
    pipeline = fit_pipeline(LogisticRegression(max_iter=300), texts[part], categories, cleaning, tfidf)
    assert len(texts) > 10_000
    assert largest_difference(Predictor(bundle_of(pipeline, cleaning, tfidf)), pipeline, texts) <= EXACT
