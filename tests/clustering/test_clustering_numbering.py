import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autoencoder.clustering.clustering import means_of, order_by_size, renumber


def test_the_largest_comes_first_and_noise_is_left_out():
    assert order_by_size(np.array([7, -1, -1, -1, 2, 2, 7, 2, 0])).tolist() == [2, 7, 0]


def test_what_is_not_in_the_order_becomes_noise():
    assert renumber(np.array([3, -1, 0, 1]), np.array([1, 3])).tolist() == [1, -1, -1, 0]
    assert renumber(np.array([-1, -1]), np.array([0])).tolist() == [-1, -1]


@given(st.lists(st.integers(-1, 6), min_size=1, max_size=40).filter(lambda labels: max(labels) >= 0))
def test_renumbered_clusters_fall_in_size_and_hold_the_same_images(labels):
    raw = np.array(labels)
    new = renumber(raw, order_by_size(raw))
    sizes = np.bincount(new[new >= 0])
    assert (np.diff(sizes) <= 0).all() and sizes.min() > 0
    assert ((new == -1) == (raw == -1)).all()
    assert len(set(zip(raw.tolist(), new.tolist(), strict=True))) == len(set(labels))


def test_means_leave_noise_out():
    vectors = np.array([[1.0, 0], [3, 0], [100, 100], [5, 5]], np.float32)
    np.testing.assert_array_equal(means_of(vectors, np.array([0, 0, -1, 1]), 2), [[2, 0], [5, 5]])
