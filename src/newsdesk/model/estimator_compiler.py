"""Turn a fitted scikit-learn vectorizer and classifier into the parts of a bundle.

scikit-learn is not imported: what an estimator learnt is read from its public attributes.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from newsdesk.config.model_config import TextCleaning
from newsdesk.model.bundle import ClassifierSpec, ForestSpec, LinearSpec, MlpSpec, Tensors, Vocabulary
from newsdesk.model.features import SHORTEST_TOKEN
from newsdesk.text.cleaning import Cleaner
from newsdesk.text.lemmas import noun_lemmas
from newsdesk.text.stop_words import STOP_WORDS


def compile_vocabulary(vectorizer: Any, cleaning: TextCleaning) -> Vocabulary:
    """The vocabulary of a fitted `TfidfVectorizer`, with cleaning and lemmas written out form by form.

    Every surface form that cleaning turns into a word of the vocabulary, or makes disappear, is listed. Any other form
    becomes a word that no term has, whatever it is, and so need not be.
    """
    terms = [term for term, _ in sorted(vectorizer.vocabulary_.items(), key=lambda item: item[1])]
    known = {word for term in terms for word in term.split(" ")}
    stop_words = vectorizer.get_stop_words() or frozenset()
    cleaned, clean = _cleaned_forms(cleaning), Cleaner(cleaning).clean
    words = {form: clean(form) for form in (known | stop_words) - cleaned.keys()}
    by_word = _forms_by_word(cleaning)
    too_short = {word for word in by_word if len(word) < SHORTEST_TOKEN}
    words |= {form: word for word in known | stop_words | too_short for form in by_word.get(word, ())}
    forms: dict[str, str | None] = {}
    for form, word in sorted(words.items()):
        if len(word) < SHORTEST_TOKEN or word in stop_words:
            forms[form] = None
        elif word in known:
            forms[form] = word
    return Vocabulary(terms=terms, forms=forms)


@lru_cache(maxsize=4)  # each fit of a training asks for the same 70,000
def _cleaned_forms(cleaning: TextCleaning) -> dict[str, str]:
    """What cleaning makes of the forms that every vocabulary is asked about."""
    clean = Cleaner(cleaning).clean
    return {form: clean(form) for form in STOP_WORDS | noun_lemmas().keys()}


@lru_cache(maxsize=4)
def _forms_by_word(cleaning: TextCleaning) -> dict[str, list[str]]:
    """The same the other way round: a vocabulary knows few of these words."""
    forms: dict[str, list[str]] = {}
    for form, word in _cleaned_forms(cleaning).items():
        forms.setdefault(word, []).append(form)
    return forms


def compile_classifier(estimator: Any) -> tuple[ClassifierSpec, Tensors] | None:
    """What `estimator` learnt, as a bundle keeps it; None for a kind of classifier that no bundle can hold."""
    match type(estimator).__name__:
        case "LogisticRegression" | "SGDClassifier":
            return _linear(estimator)
        case "MultinomialNB":
            return LinearSpec(link="softmax"), {
                "weights": np.ascontiguousarray(estimator.feature_log_prob_.T),
                "intercepts": estimator.class_log_prior_,
            }
        case "MLPClassifier":
            return _mlp(estimator)
        case "RandomForestClassifier" | "ExtraTreesClassifier":
            return ForestSpec(), _trees([tree.tree_ for tree in estimator.estimators_])
        case "DecisionTreeClassifier" | "ExtraTreeClassifier":
            return ForestSpec(), _trees([estimator.tree_])
        case _:
            return None


def _linear(estimator: Any) -> tuple[ClassifierSpec, Tensors] | None:
    if len(estimator.classes_) == 2:
        spec = LinearSpec(link="sigmoid")
    elif type(estimator).__name__ == "LogisticRegression":
        spec = LinearSpec(link="softmax")
    else:
        spec = LinearSpec(link="one_vs_rest")
    if getattr(estimator, "loss", "log_loss") != "log_loss":
        return None  # its probabilities are not a function of linear scores through one of our links
    return spec, {"weights": np.ascontiguousarray(estimator.coef_.T), "intercepts": np.atleast_1d(estimator.intercept_)}


def _mlp(estimator: Any) -> tuple[ClassifierSpec, Tensors]:
    tensors: Tensors = {}
    for i, (weights, intercepts) in enumerate(zip(estimator.coefs_, estimator.intercepts_, strict=True)):
        tensors[f"weights_{i}"] = np.ascontiguousarray(weights)
        tensors[f"intercepts_{i}"] = intercepts
    link = "softmax" if estimator.out_activation_ == "softmax" else "sigmoid"
    return MlpSpec(layers=len(estimator.coefs_), activation=estimator.activation, link=link), tensors


def _trees(trees: list[Any]) -> Tensors:
    """The nodes of all trees in one array; a leaf is its own left and right."""
    roots = np.cumsum([0] + [tree.node_count for tree in trees[:-1]])
    offsets = np.repeat(roots, [tree.node_count for tree in trees])
    nodes = np.arange(len(offsets))

    def concatenated(name: str) -> Any:
        return np.concatenate([getattr(tree, name) for tree in trees])

    left, right, feature = concatenated("children_left"), concatenated("children_right"), concatenated("feature")
    is_leaf = left < 0
    counts = concatenated("value")[:, 0, :]
    return {
        "roots": roots.astype(np.int32),
        "left": np.where(is_leaf, nodes, left + offsets).astype(np.int32),
        "right": np.where(is_leaf, nodes, right + offsets).astype(np.int32),
        "feature": np.where(is_leaf, 0, feature).astype(np.int32),
        "threshold": concatenated("threshold"),
        "distribution": counts / counts.sum(axis=1, keepdims=True),
    }
