import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from newsdesk.training.adam import Adam
from newsdesk.training.minibatches import Minibatch, minibatches, stratified_part

LABELS = st.lists(st.integers(0, 4), min_size=8, max_size=120)


@given(LABELS, st.floats(0.1, 0.6), st.integers(0, 9))
def test_of_each_class_the_same_share_is_held_out_and_never_all(labels: list[int], share: float, seed: int) -> None:
    numbers = np.array(labels)
    counts = {label: labels.count(label) for label in set(labels)}
    expected = {label: min(round(share * count), count - 1) for label, count in counts.items()}
    if sum(expected.values()) < 2:
        with pytest.raises(ValueError, match="validation set is too small"):
            stratified_part(numbers, share, np.random.RandomState(seed))
        return
    is_held_out = stratified_part(numbers, share, np.random.RandomState(seed))
    assert {label: int(is_held_out[numbers == label].sum()) for label in counts} == expected
    assert np.array_equal(is_held_out, stratified_part(numbers, share, np.random.RandomState(seed)))


@given(st.integers(1, 90), st.integers(1, 40), st.integers(0, 9))
def test_every_row_is_in_one_minibatch_with_its_own_class(count: int, size: int, seed: int) -> None:
    rows = csr_matrix(np.arange(1, count + 1, dtype=float)[:, np.newaxis])
    order = np.random.default_rng(seed).permutation(count)
    batches = list(minibatches(rows, np.arange(count), order, size))
    assert [len(batch.labels) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert np.concatenate([batch.labels for batch in batches]).tolist() == order.tolist()
    assert np.concatenate([batch.rows.toarray()[:, 0] for batch in batches]).tolist() == (order + 1).tolist()


@pytest.mark.parametrize("shape", [(3, 2), (400, 7), (70_000, 2)])
def test_a_gradient_of_some_rows_is_followed_as_the_whole_one_is(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    inputs = csr_matrix(rng.random((5, shape[0])) * (rng.random((5, shape[0])) < 0.3))
    deltas = rng.normal(size=(5, shape[1]))
    start = rng.normal(size=shape)
    by_rows, whole = (Adam(start.copy(), 0.01, 0.9, 0.999, 1e-8) for _ in range(2))
    for _ in range(3):
        by_rows.step(Minibatch(inputs, np.zeros(5, int)).gradient(deltas), 0.1)
        whole.step(inputs.toarray().T @ deltas, 0.1)
    assert np.allclose(by_rows.weights, whole.weights, rtol=0, atol=1e-12)
    assert not np.allclose(by_rows.weights, start, atol=1e-3)
