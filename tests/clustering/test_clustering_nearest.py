import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from autoencoder.clustering import nearest
from autoencoder.clustering.nearest import margins, neighbours, other_neighbours, vote_weights

COORDINATES = st.floats(-100, 100, width=32)


def test_margins_by_hand():
    centers = np.array([[0.0], [4.0], [10.0]], np.float32)
    placed = margins(np.array([[1.0], [1.5], [9.0], [4.0]], np.float32), centers)
    assert placed.labels.tolist() == [0, 0, 2, 1]
    np.testing.assert_allclose(placed.distances, [1, 1.5, 1, 0], atol=1e-6)
    assert placed.second.tolist() == [1, 1, 1, 0]
    np.testing.assert_allclose(placed.confidence, [1 - 1 / 3, 1 - 1.5 / 2.5, 1 - 1 / 5, 1], atol=1e-6)


def test_given_labels_stay_and_what_is_nearer_elsewhere_has_no_confidence():
    placed = margins(np.array([[3.0]]), np.array([[0.0], [4.0]]), np.array([0]))
    assert (placed.labels[0], placed.distances[0], placed.second[0], placed.confidence[0]) == (0, 3, 1, 0)


def test_noise_has_no_confidence_and_its_nearest_cluster_is_second():
    placed = margins(np.array([[3.0]]), np.array([[0.0], [4.0]]), np.array([-1]))
    assert (placed.labels[0], placed.distances[0], placed.second[0], placed.confidence[0]) == (-1, 1, 1, 0)


def test_of_one_cluster_there_is_no_second():
    placed = margins(np.array([[3.0]]), np.array([[0.0]]))
    assert (placed.labels[0], placed.second[0], placed.confidence[0]) == (0, -1, 1)


@given(arrays(np.float32, (9, 3), elements=COORDINATES), arrays(np.float32, (4, 3), elements=COORDINATES))
def test_margins_agree_with_distances_taken_one_by_one(vectors, centers):
    placed = margins(vectors, centers)
    every = np.linalg.norm(vectors[:, None].astype(float) - centers[None], axis=2)
    np.testing.assert_allclose(placed.distances, every.min(axis=1), atol=1e-4)
    np.testing.assert_allclose(every[np.arange(9), placed.second], np.sort(every, axis=1)[:, 1], atol=1e-4)
    assert (placed.second != placed.labels).all()
    assert ((placed.confidence >= 0) & (placed.confidence <= 1)).all()


def test_distances_far_from_the_origin_keep_their_digits():
    placed = margins(np.array([[1e4 + 1, 1e4]], np.float32), np.array([[1e4, 1e4], [1e4 + 3, 1e4]], np.float32))
    assert placed.distances[0] == pytest.approx(1)


def test_blocks_give_what_one_piece_gives(monkeypatch):
    generator = np.random.default_rng(0)
    vectors, centers = generator.normal(size=(200, 5)), generator.normal(size=(4, 5))
    whole, near = margins(vectors, centers), neighbours(vectors, vectors[:50], 3)
    monkeypatch.setattr(nearest, "_BLOCK_NUMBERS", 35)
    for one, other in zip(whole, margins(vectors, centers), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    again = neighbours(vectors, vectors[:50], 3)
    np.testing.assert_allclose(again[0], near[0], atol=1e-6)
    np.testing.assert_array_equal(again[1], near[1])


@pytest.mark.parametrize("width", [2, 40])
def test_neighbours_are_the_nearest_in_order_and_a_known_vector_is_its_own(width):
    known = np.random.default_rng(1).normal(size=(60, width)).astype(np.float32)
    distances, rows = neighbours(known, known[:7], 4)
    every = np.linalg.norm(known[:7, None].astype(float) - known[None], axis=2)
    np.testing.assert_array_equal(rows, np.argsort(every, axis=1)[:, :4])
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :4])
    assert (distances[:, 0] == 0).all()


def test_there_are_no_more_neighbours_than_known_vectors():
    assert neighbours(np.eye(3, dtype=np.float32), np.eye(3, dtype=np.float32), 9)[0].shape == (3, 3)


def test_votes_by_hand():
    weights = vote_weights(np.array([[1.0, 2.0], [0.0, 5.0], [0.0, 0.0]]))
    np.testing.assert_allclose(weights, [[2 / 3, 1 / 3], [1, 0], [0.5, 0.5]])


def test_others_are_never_the_vector_itself_even_where_many_are_equal():
    vectors = np.repeat(np.array([[0.0, 1.0], [5.0, 5.0]], np.float32), 6, axis=0)
    distances, rows = other_neighbours(vectors, 3)
    assert rows.shape == (12, 3)
    assert (rows != np.arange(12)[:, None]).all()
    assert (rows // 6 == np.arange(12)[:, None] // 6).all()
    assert (distances == 0).all()


def test_of_two_at_one_distance_the_lower_row_comes_first():
    known = np.array([[1.0], [-1.0], [0.0], [1.0]], np.float32)
    assert neighbours(known, np.array([[0.0]], np.float32), 4)[1].tolist() == [[2, 0, 1, 3]]
