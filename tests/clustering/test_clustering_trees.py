"""HDBSCAN and Ward's tree, which are made of samples where there are many images."""

import numpy as np
import pytest
from sklearn.cluster import HDBSCAN, AgglomerativeClustering
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from autoencoder.clustering import agglomerative, assign, fit, hdbscan
from autoencoder.errors import DataError

VECTORS, TRUTH = make_blobs([300, 200, 100], 3, cluster_std=0.5, random_state=4)
VECTORS = VECTORS.astype(np.float32)


def test_hdbscan_is_scikit_learns():
    noisy = np.vstack([VECTORS, np.random.default_rng(0).uniform(-30, 30, (30, 3))]).astype(np.float32)
    found = fit(noisy, "hdbscan")
    theirs = HDBSCAN(min_cluster_size=6, min_samples=5, copy=True).fit(noisy)
    assert adjusted_rand_score(theirs.labels_, found.labels) == 1
    np.testing.assert_array_equal(found.labels < 0, theirs.labels_ < 0)
    np.testing.assert_allclose(found.confidence, theirs.probabilities_, atol=1e-6)
    assert 0 < np.mean(found.labels < 0) < 0.1


def test_hdbscan_of_a_sample_places_the_rest(monkeypatch):
    monkeypatch.setattr(hdbscan, "SAMPLE", 300)
    found = fit(VECTORS, "hdbscan")
    assert (found.settings["sample"], found.arrays["known"].shape) == (300, (300, 3))
    known = found.labels >= 0
    assert known.mean() > 0.9
    assert adjusted_rand_score(TRUTH[known], found.labels[known]) == 1


def test_a_new_vector_far_from_all_is_noise_and_one_within_is_not():
    found = fit(VECTORS, "hdbscan")
    placed = assign(found, np.vstack([found.centers, [[1000, 1000, 1000]]]))
    assert placed.labels.tolist() == [*range(found.k), -1]
    assert placed.confidence[-1] == 0
    assert placed.second[-1] == np.linalg.norm(found.centers - 1000, axis=1).argmin()


def test_images_without_a_dense_group_are_refused():
    with pytest.raises(DataError, match="found no dense group of at least 5 among 6 images"):
        fit(np.eye(6) * 10, "hdbscan")


def test_ward_is_scikit_learns():
    found = fit(VECTORS, "agglomerative", 7)
    assert adjusted_rand_score(AgglomerativeClustering(7).fit_predict(VECTORS), found.labels) == 1


def test_ward_of_a_sample_places_the_rest(monkeypatch):
    monkeypatch.setattr(agglomerative, "SAMPLE", 200)
    found = fit(VECTORS, "agglomerative", 3)
    assert found.arrays["known"].shape == (200, 3)
    assert adjusted_rand_score(TRUTH, found.labels) == 1
    assert np.bincount(found.labels).tolist() == [300, 200, 100]


def test_the_nearest_vote_by_their_inverse_distance(monkeypatch):
    monkeypatch.setattr(agglomerative, "NEIGHBOURS", 3)
    arrays = {"known": np.array([[0.0], [3.0], [3.0]], np.float32), "known_labels": np.array([0, 1, 1])}
    placed = agglomerative._assign(arrays, np.array([[0.0], [3.0]]), np.array([[0.9], [1.2]], np.float32))
    # 1/0.9 against 2/2.1, then 1/1.2 against 2/1.8.
    assert placed.labels.tolist() == [0, 1]
