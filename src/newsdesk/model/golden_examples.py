"""Golden examples: made-up texts whose probabilities a bundle carries, for every machine to prove that it agrees."""

import numpy as np

from newsdesk.model.bundle import Bundle, GoldenExample
from newsdesk.model.bundle_files import seal
from newsdesk.model.csr_matrix import CsrMatrix
from newsdesk.model.predictor import Predictor

_TERMS_OF_A_TEXT = 8
_TERMS_TRIED = 2000
_MOST_CLASSES = 20  # with a text of their own
_BATCH_SIZE = 256
_DIGITS = 9


def add_golden_examples(bundle: Bundle) -> Bundle:
    """The same bundle with the golden examples that it gives, sealed. Equal bundles get equal examples.

    The texts are made of the vocabulary alone: for each class those terms that, alone, speak most for it; and one of
    words that no vocabulary has.
    """
    predictor = Predictor(_with_golden(bundle, []))
    texts = [*_example_texts(predictor), "\u00bf 0_0 ?"]
    answers = predictor.predict_proba(texts).round(_DIGITS).tolist()  # so that equal models have equal digests
    return _with_golden(
        bundle, [GoldenExample(text=text, probabilities=answer) for text, answer in zip(texts, answers, strict=True)]
    )


def _example_texts(predictor: Predictor) -> list[str]:
    terms = predictor.bundle.vocabulary.terms
    columns = np.unique(np.linspace(0, len(terms) - 1, _TERMS_TRIED).astype(np.intp))
    parts = [columns[i : i + _BATCH_SIZE] for i in range(0, len(columns), _BATCH_SIZE)]
    single_terms = [CsrMatrix(np.arange(len(part) + 1), part, np.ones(len(part))) for part in parts]
    probabilities = np.concatenate([predictor.probabilities(rows) for rows in single_terms])
    best = np.argsort(-probabilities, axis=0, kind="stable")[:_TERMS_OF_A_TEXT]
    return [". ".join(terms[columns[i]] for i in column) for column in best.T[:_MOST_CLASSES]]


def _with_golden(bundle: Bundle, golden: list[GoldenExample]) -> Bundle:
    return seal(bundle.manifest.model_copy(update={"golden": golden}), bundle.vocabulary, bundle.tensors)
