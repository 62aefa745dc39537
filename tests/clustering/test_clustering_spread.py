import numpy as np
import pytest
from sklearn.datasets import make_blobs

from autoencoder.clustering.spread import diffuse, spread


@pytest.fixture(scope="module")
def blobs():
    vectors, truth = make_blobs(400, 5, centers=4, cluster_std=0.8, random_state=0)
    return vectors.astype(np.float32), truth


def test_one_label_a_class_reaches_its_whole_neighbourhood(blobs):
    vectors, truth = blobs
    rows = np.array([np.flatnonzero(truth == label)[0] for label in range(4)])
    found = spread(vectors[rows], truth[rows], vectors, 1)
    assert found.labels.shape == found.confidence.shape == (400,)
    assert (found.labels == truth).mean() > 0.99
    assert 0.99 < found.confidence.mean() <= 1
    again = spread(vectors[rows], truth[rows], vectors, 1)
    np.testing.assert_array_equal(again.confidence, found.confidence)


def test_where_no_label_arrives_there_is_no_confidence(blobs):
    vectors, truth = blobs
    rows = np.flatnonzero(truth != 3)[:20]
    far = vectors[truth == 3] + 1000
    found = spread(vectors[rows], truth[rows], np.concatenate([vectors[truth != 3], far]), 1)
    assert (found.confidence[-len(far) :] == 0).all()
    assert found.confidence[: -len(far)].min() > 0


def test_classes_keep_their_numbers(blobs):
    vectors, truth = blobs
    found = spread(vectors[truth < 2], 5 * truth[truth < 2], vectors[truth < 2], 1)
    assert set(found.labels) == {0, 5}


def test_a_handful_of_vectors_is_enough():
    vectors = np.array([[0.0], [0.1], [9.0]], np.float32)
    found = spread(vectors[[0, 2]], np.array([0, 1]), vectors[1:2], 1)
    assert found.labels.tolist() == [0]


def test_what_settles_solves_the_equation_of_zhou_et_al():
    points = np.random.default_rng(1).normal(size=(12, 2)).astype(np.float32)
    given = np.zeros((12, 2))
    given[0, 0] = given[5, 1] = 1
    # Twelve points have fewer than fifteen neighbours, so that every two are joined.
    normalised = (np.ones((12, 12)) - np.eye(12)) / 11
    expected = 0.1 * np.linalg.inv(np.eye(12) - 0.9 * normalised) @ given
    np.testing.assert_allclose(diffuse(given, points, 0.9), expected, rtol=1e-5)
