import numpy as np
import pytest

from autoencoder.clustering.nearest import other_neighbours, vote_weights
from autoencoder.clustering.outliers import disagreement, strangeness


def test_a_vector_apart_is_the_strangest_and_its_score_is_a_mean_distance():
    vectors = np.array([[0.0], [1.0], [2.0], [10.0]], np.float32)
    scores = strangeness(other_neighbours(vectors, 2)[0])
    np.testing.assert_allclose(scores, [1.5, 1.0, 1.5, 8.5])


def test_a_swapped_label_is_the_first_suspect_and_its_neighbours_say_the_true_one():
    generator = np.random.default_rng(0)
    vectors = np.concatenate([generator.normal(0, 1, (30, 4)), generator.normal(20, 1, (30, 4))]).astype(np.float32)
    labels = np.repeat([0, 1], 30)
    labels[7] = 1
    distances, rows = other_neighbours(vectors, 5)
    found = disagreement(labels, rows, vote_weights(distances))
    assert found.order()[0] == 7
    assert found.scores[7] == pytest.approx(1)
    assert found.proposed[7] == 0


def test_votes_count_by_their_weights():
    labels, rows = np.array([0, 1, 2, 2]), np.array([[1, 2], [0, 3], [3, 0], [2, 1]])
    found = disagreement(labels, rows, np.array([[0.7, 0.3]] * 4))
    np.testing.assert_allclose(found.scores, [1, 1, 0.3, 0.3])
    assert found.proposed.tolist() == [1, 0, 2, 2]
    np.testing.assert_allclose(found.weights, [0.7, 0.7, 0.7, 0.7])


def test_of_equal_scores_the_one_whose_neighbours_are_of_one_mind_comes_first():
    labels, rows = np.array([0, 0, 1, 2]), np.array([[2, 3], [2, 2], [0, 0], [0, 0]])
    assert disagreement(labels, rows, np.full((4, 2), 0.5)).order().tolist() == [1, 2, 3, 0]
