import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from autoencoder.clustering import assign, fit, projection, umap_gmm
from autoencoder.clustering.projection import project_pca, project_umap
from autoencoder.errors import DataError

VECTORS, TRUTH = make_blobs([60, 40, 30], 5, cluster_std=0.4, random_state=2)
VECTORS = VECTORS.astype(np.float32)


@pytest.mark.parametrize("count", [4, 5, 13])
def test_few_images_have_few_neighbours(count):
    projected = project_umap(VECTORS[:count], 10, 20, 0.0, 0)
    assert (projected.shape, projected.dtype) == ((count, 10), np.float32)
    assert np.isfinite(projected).all()


def test_too_few_images_are_refused():
    with pytest.raises(DataError, match="at least 4 images, but there are 3"):
        project_umap(VECTORS[:3])


def test_one_seed_gives_one_projection_with_either_search(monkeypatch):
    plain = project_umap(VECTORS, seed=3)
    np.testing.assert_array_equal(project_umap(VECTORS, seed=3), plain)
    assert np.abs(project_umap(VECTORS, seed=4) - plain).max() > 1e-3
    monkeypatch.setattr(projection, "_EXACT_BELOW", 0)
    tree = project_umap(VECTORS, seed=3)
    np.testing.assert_array_equal(project_umap(VECTORS, seed=3), tree)
    assert tree.shape == plain.shape


def test_clusters_are_those_of_the_projection_and_new_vectors_join_them():
    found = fit(VECTORS[::2], "umap_gmm", 3)
    assert adjusted_rand_score(TRUTH[::2], found.labels) == 1
    placed = assign(found, VECTORS[1::2])
    assert adjusted_rand_score(TRUTH[1::2], placed.labels) == 1
    np.testing.assert_allclose(found.centers[0], VECTORS[::2][found.labels == 0].mean(axis=0), rtol=1e-5)


def test_past_the_sample_the_rest_is_placed(monkeypatch):
    monkeypatch.setattr(umap_gmm, "SAMPLE", 80)
    found = fit(VECTORS, "umap_gmm", 3)
    assert found.arrays["projected"].shape == (80, 10)
    assert adjusted_rand_score(TRUTH, found.labels) == 1
    assert np.bincount(found.labels).tolist() == [60, 40, 30]


def test_a_vector_between_clusters_is_doubtful():
    known = np.array([[0.0], [1], [2], [10], [11]], np.float32)
    arrays = {
        "weights": np.array([0.5, 0.5]),
        "means": np.array([[0.0], [100.0]]),
        "precisions_cholesky": np.ones((2, 1, 1)),
        "known": known,
        "projected": np.array([[0.0], [0], [0], [100], [100]], np.float32),
    }
    placed = umap_gmm._assign(arrays, np.array([[1.0], [10.5]]), np.array([[9.9], [0.0]], np.float32))
    assert placed.labels.tolist() == [1, 0]
    assert placed.second.tolist() == [0, 1]
    np.testing.assert_allclose(placed.confidence, [2 / 5, 3 / 5], atol=1e-6)


def test_principal_components_are_scikit_learns_up_to_sign():
    theirs = PCA(3).fit_transform(VECTORS)
    own = project_pca(VECTORS, 3)
    np.testing.assert_allclose(np.abs(own), np.abs(theirs), atol=1e-3)
    assert own.dtype == np.float32


def test_missing_principal_components_are_zero():
    flat = project_pca(np.array([[1.0], [2], [4]]), 2)
    np.testing.assert_allclose(flat, [[-4 / 3, 0], [-1 / 3, 0], [5 / 3, 0]], rtol=1e-6)
