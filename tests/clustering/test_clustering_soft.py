import numpy as np
import pytest

from autoencoder.clustering import assign
from autoencoder.clustering.soft import from_assignments, with_kernel


def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


def test_logits_assign_themselves_again():
    logits = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32) * 3
    found = from_assignments("self_label", softmax(logits), logits, {})
    placed = assign(found, logits)
    np.testing.assert_array_equal(placed.labels, found.labels)
    np.testing.assert_array_equal(placed.second, found.second)
    np.testing.assert_allclose(placed.confidence, found.confidence, rtol=1e-5)
    sizes = np.bincount(found.labels)
    assert sizes.tolist() == sorted(sizes, reverse=True)


def test_a_kernel_assigns_by_hand():
    # One centre at 0, one at 2; a vector at 0.5: 1 / 1.25 against 1 / 3.25.
    vectors = np.array([[0.0], [0.1], [2.0]], np.float32)
    centers = np.array([[2.0], [0.0]], np.float32)
    similar = 1 / (1 + (vectors - centers.T) ** 2)
    q = (similar / similar.sum(axis=1, keepdims=True)).astype(np.float32)
    found = with_kernel(from_assignments("dec", q, vectors, {}), centers)
    assert found.labels.tolist() == [0, 0, 1]
    placed = assign(found, np.array([[0.5]], np.float32))
    assert (placed.labels[0], placed.second[0]) == (0, 1)
    assert placed.confidence[0] == pytest.approx((1 / 1.25) / (1 / 1.25 + 1 / 3.25))
