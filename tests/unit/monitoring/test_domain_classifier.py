import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from newsdesk.monitoring.domain_classifier import _auc, classify_domains


def packed(share: float, texts: int, seed: int) -> np.ndarray:
    return np.packbits(np.random.default_rng(seed).random((texts, 40)) < share, axis=1)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.lists(st.integers(0, 6), min_size=1, max_size=30))
def test_the_area_under_the_curve_is_scikit_learns(below: list[int], above: list[int]) -> None:
    expected = roc_auc_score([0] * len(below) + [1] * len(above), below + above)
    assert abs(_auc(np.array(below, dtype=np.float32), np.array(above, dtype=np.float32)) - expected) < 1e-12


def test_texts_of_other_terms_are_told_apart() -> None:
    told = classify_domains(packed(0.2, 200, 1), packed(0.4, 200, 2))
    assert told is not None
    assert told.auc > 0.9
    assert told.p_value < 1e-10


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_texts_of_the_same_kind_are_hardly_told_apart(seed: int) -> None:
    told = classify_domains(packed(0.3, 100, 2 * seed), packed(0.3, 300, 2 * seed + 1))
    assert told is not None
    assert told.p_value > 1e-6
    assert told.auc < 0.65


def test_too_few_texts_are_not_told_apart() -> None:
    assert classify_domains(packed(0.3, 19, 1), packed(0.3, 200, 2)) is None
    assert classify_domains(packed(0.3, 200, 1), packed(0.3, 19, 2)) is None


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(20, 60), st.integers(20, 200))
def test_few_texts_are_told_apart_where_their_terms_differ_alone(seed: int, few: int, many: int) -> None:
    same = classify_domains(packed(0.3, few, 2 * seed), packed(0.3, many, 2 * seed + 1))
    assert same is not None
    assert same.p_value > 1e-6
    other = classify_domains(packed(0.1, few, 2 * seed), packed(0.6, many, 2 * seed + 1))
    assert other is not None
    assert other.p_value < 0.0005
