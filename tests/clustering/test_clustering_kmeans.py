import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from autoencoder.clustering import fit, kmeans

DIGITS = load_digits().data.astype(np.float32)


def inertia(vectors, clustering):
    return np.square(vectors - clustering.centers[clustering.labels]).sum(dtype=np.float64)


def test_the_inertia_is_scikit_learns():
    theirs = KMeans(10, n_init=10, random_state=0).fit(DIGITS).inertia_
    found = fit(DIGITS, "kmeans", 10)
    assert inertia(DIGITS, found) <= 1.005 * theirs
    assert found.settings["inertia"] == pytest.approx(inertia(DIGITS, found), rel=1e-4)


def test_samples_lead_to_the_inertia_of_all_rows(monkeypatch):
    whole = inertia(DIGITS, fit(DIGITS, "kmeans", 5))
    monkeypatch.setattr(kmeans, "SAMPLE", 900)
    monkeypatch.setattr(kmeans, "_ROWS_PER_CENTER", 1)
    found = fit(DIGITS, "kmeans", 5)
    assert found.settings["sample"] == 900
    assert inertia(DIGITS, found) <= 1.01 * whole


def test_threads_change_nothing():
    with threadpool_limits(1):
        serial = fit(DIGITS, "kmeans", 10)
    with threadpool_limits(4):
        np.testing.assert_array_equal(fit(DIGITS, "kmeans", 10).centers, serial.centers)


@pytest.mark.parametrize("scale", [2.0**-40, 2.0**40])  # powers of two leave every digit as it is
def test_the_unit_of_the_vectors_does_not_matter(scale):
    small = DIGITS[:300]
    np.testing.assert_array_equal(fit(small * np.float32(scale), "kmeans", 4).labels, fit(small, "kmeans", 4).labels)


def test_as_many_clusters_as_images():
    found = fit(DIGITS[:6], "kmeans", 6)
    assert sorted(found.labels) == list(range(6))
    np.testing.assert_allclose(found.distances, 0, atol=1e-4)


def test_a_centre_that_the_sample_leaves_empty_moves_to_the_farthest_row(monkeypatch):
    monkeypatch.setattr(kmeans, "SAMPLE", 20)
    monkeypatch.setattr(kmeans, "_ROWS_PER_CENTER", 1)
    rows = np.repeat(np.array([[0.0], [1.0], [9.0]], np.float32), (400, 400, 1), axis=0)
    found = fit(rows, "kmeans", 3)
    assert found.settings["sample"] == 20
    assert sorted(found.centers[:, 0].round(4).tolist()) == [0, 1, 9]
    assert sorted(np.bincount(found.labels)) == [1, 400, 400]


def test_clusters_of_one_size_are_numbered_as_they_appear():
    vectors = np.array([[5.0], [5.1], [0.0], [0.1]], np.float32)
    assert fit(vectors, "kmeans", 2).labels.tolist() == [0, 0, 1, 1]
