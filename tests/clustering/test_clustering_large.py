"""Clustering in passes over mapped vectors: as good as in memory, the same for a seed, and numbered by size."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from autoencoder.clustering import large, read, save
from autoencoder.clustering.large import find_centers_in_passes, fit_large, one_pass
from autoencoder.errors import DataError, UsageError

SIZES = (1500, 900, 400, 200)


@pytest.fixture(scope="module")
def blobs():
    """3,000 vectors of five numbers in four groups of unlike sizes, far from the origin, and their groups."""
    rng = np.random.default_rng(0)
    centers = 100 + 6 * np.eye(5)[:4]
    groups = rng.permutation(np.repeat(np.arange(4), SIZES))
    return (centers[groups] + rng.normal(size=(3000, 5))).astype(np.float32), groups


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Make 3,000 rows many: 600 are a sample, and blocks hold 26 rows."""
    monkeypatch.setattr(large, "SMALL", 600)
    monkeypatch.setattr(large, "_LEAST", 600)
    monkeypatch.setattr(large, "_MOST", 600)
    monkeypatch.setattr(large, "_BLOCK_NUMBERS", 130)
    monkeypatch.setattr(large, "_PLACED", 700)


@pytest.fixture
def mapped(blobs, tmp_path):
    np.save(tmp_path / "vectors.npy", blobs[0])
    return np.load(tmp_path / "vectors.npy", mmap_mode="r")


@pytest.mark.parametrize("method", ["kmeans", "minibatch", "gmm", "agglomerative", "umap_gmm", "hdbscan"])
def test_every_method_finds_the_groups_of_all_rows_and_numbers_them_by_size(mapped, blobs, method, tmp_path):
    found = fit_large(mapped, method, None if method == "hdbscan" else 4, 1)
    core = found.labels >= 0
    assert core.mean() > 0.7
    assert adjusted_rand_score(blobs[1][core], found.labels[core]) > 0.95
    sizes = np.bincount(found.labels[core], minlength=found.k)
    assert found.k == 4
    assert (np.diff(sizes) <= 0).all()
    assert (found.confidence >= 0).all() and found.distances.dtype == np.float32
    save(found, tmp_path)
    np.testing.assert_array_equal(read(tmp_path).labels, found.labels)


def test_k_means_ends_where_that_of_scikit_learn_does(mapped, blobs):
    found = fit_large(mapped, "kmeans", 4, 1)
    other = KMeans(4, n_init=5, random_state=0).fit(blobs[0])
    assert found.settings["inertia"] == pytest.approx(other.inertia_, rel=1e-4)
    assert found.settings["converged"]
    assert found.settings["sample"] == 600
    assert fit_large(mapped, "kmeans", 4, 1).labels.tolist() == found.labels.tolist()


def test_a_pass_sums_the_rows_of_each_centre_exactly(mapped, blobs):
    centers = 100 + 6 * np.eye(5)[:4]
    passed = one_pass(mapped, centers, mapped.mean(axis=0, dtype=np.float64))
    vectors = blobs[0].astype(np.float64)
    squares = np.square(vectors[:, None] - centers).sum(axis=2)
    labels = squares.argmin(axis=1)
    assert passed.counts.tolist() == np.bincount(labels).tolist()
    np.testing.assert_allclose(passed.sums, [vectors[labels == each].sum(axis=0) for each in range(4)], rtol=1e-9)
    assert passed.inertia == pytest.approx(squares.min(axis=1).sum(), rel=1e-4)


def test_passes_of_parts_add_up(mapped):
    centers, origin = 100 + 6 * np.eye(5)[:4], np.full(5, 101.0)
    whole, *parts = (one_pass(rows, centers, origin) for rows in (mapped, mapped[:1000], mapped[1000:]))
    np.testing.assert_allclose(parts[0].sums + parts[1].sums, whole.sums, rtol=1e-9)
    assert (parts[0].counts + parts[1].counts).tolist() == whole.counts.tolist()


def test_threads_change_nothing(mapped, monkeypatch):
    one = find_centers_in_passes(mapped, 4, 1)[0]
    monkeypatch.setattr(large, "cpu_count", lambda: 3)
    np.testing.assert_array_equal(find_centers_in_passes(mapped, 4, 1)[0], one)


def test_a_centre_without_rows_goes_to_a_far_row(blobs):
    summed = one_pass(blobs[0], np.array([[100.0] * 5, [1e4] * 5]), np.full(5, 100.0))
    assert summed.counts.tolist() == [3000, 0]
    means = large._means(summed, blobs[0], 1)
    assert (blobs[0] == means[1].astype(np.float32)).all(axis=1).any()
    assert np.linalg.norm(means[1] - means[0]) > 6


def test_few_rows_are_clustered_as_those_of_a_run(mapped):
    assert fit_large(mapped[:500], "kmeans", 4, 1).settings["sample"] == 500


def test_what_cannot_be_clustered_is_refused(mapped):
    with pytest.raises(UsageError, match="k must be a whole number"):
        fit_large(mapped, "kmeans", None, 1)
    with pytest.raises(DataError, match="identical"):
        fit_large(np.ones((2000, 3), np.float32), "kmeans", 4, 1)
