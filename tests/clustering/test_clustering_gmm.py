import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from autoencoder.clustering import fit, gmm
from autoencoder.clustering.gmm import fit_mixture, from_posterior, posterior


def crossed(seed=0):
    """Two long thin groups that cross: k-means cannot part them, full covariances can."""
    generator = np.random.default_rng(seed)
    along = generator.normal(size=(400, 2)) * [10, 0.2]
    along[200:] = along[200:, ::-1]
    return along.astype(np.float32), np.repeat([0, 1], 200)


def test_full_covariances_part_groups_that_cross():
    vectors, truth = crossed()
    assert adjusted_rand_score(truth, fit(vectors, "gmm", 2).labels) > 0.85
    assert adjusted_rand_score(truth, fit(vectors, "kmeans", 2).labels) < 0.5


def test_posteriors_are_scikit_learns():
    points = np.random.default_rng(0).normal(size=(200, 3)) * [1, 2, 3] + np.repeat([[0], [2]], 100, axis=0)
    model = GaussianMixture(2, random_state=0).fit(points)
    mixture = {
        "weights": model.weights_,
        "means": model.means_,
        "precisions_cholesky": model.precisions_cholesky_,
    }
    np.testing.assert_allclose(posterior(mixture, points), model.predict_proba(points), atol=1e-12)


def test_posteriors_of_the_farthest_points_are_numbers():
    mixture, _ = fit_mixture(crossed()[0], 2, 0)
    far = posterior(mixture, np.array([[1e6, -1e6]]))
    np.testing.assert_allclose(far.sum(axis=1), 1)


def test_confidence_is_the_posterior_and_second_the_next():
    centers = np.array([[0.0], [1.0], [2.0]], np.float32)
    placed = from_posterior(np.array([[0.2, 0.7, 0.1]]), np.array([[1.5]], np.float32), centers)
    assert (placed.labels[0], placed.second[0], placed.distances[0]) == (1, 0, 0.5)
    assert placed.confidence[0] == pytest.approx(0.7)


@pytest.mark.parametrize("scale", [2.0**-20, 2.0**20])  # powers of two leave every digit as it is
def test_the_unit_of_the_vectors_does_not_matter(scale):
    vectors, _ = crossed()
    one, other = fit(vectors, "gmm", 2), fit(vectors * np.float32(scale), "gmm", 2)
    assert np.mean(one.labels == other.labels) > 0.99


def test_many_rows_are_begun_with_a_sample(monkeypatch):
    vectors, truth = crossed()
    monkeypatch.setattr(gmm, "SAMPLE", 120)
    found = fit(vectors, "gmm", 2)
    assert found.settings["sample"] == 120
    assert adjusted_rand_score(truth, found.labels) > 0.85


def test_copies_of_one_image_do_not_swallow_the_mixture():
    vectors, _ = make_blobs(100, 4, centers=2, random_state=0)
    vectors[:60] = vectors[0]
    found = fit(vectors, "gmm", 3)
    assert np.isfinite(found.confidence).all()
    assert len(set(found.labels[:60].tolist())) == 1
