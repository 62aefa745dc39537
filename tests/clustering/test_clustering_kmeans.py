import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, make_blobs

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
    monkeypatch.setattr(kmeans, "SAMPLE", 300)
    monkeypatch.setattr(kmeans, "_ROWS_PER_CENTER", 1)
    monkeypatch.setattr(kmeans, "FINAL_SAMPLE", 900)
    found = fit(DIGITS, "kmeans", 5)
    assert found.settings["sample"] == 300
    assert inertia(DIGITS, found) <= 1.01 * whole


def test_threads_change_nothing(monkeypatch):
    monkeypatch.setattr(kmeans, "_BLOCK", 256)
    serial = fit(DIGITS, "kmeans", 10)
    monkeypatch.setattr(kmeans, "_THREADED_FROM", 0)
    np.testing.assert_array_equal(fit(DIGITS, "kmeans", 10).centers, serial.centers)


@pytest.mark.parametrize("scale", [2.0**-40, 2.0**40])  # powers of two leave every digit as it is
def test_the_unit_of_the_vectors_does_not_matter(scale):
    small = DIGITS[:300]
    np.testing.assert_array_equal(fit(small * np.float32(scale), "kmeans", 4).labels, fit(small, "kmeans", 4).labels)


def test_as_many_clusters_as_images():
    found = fit(DIGITS[:6], "kmeans", 6)
    assert sorted(found.labels) == list(range(6))
    np.testing.assert_allclose(found.distances, 0, atol=1e-4)


def test_an_empty_centre_moves_to_the_farthest_row():
    rows = np.array([[0.0], [1.0], [9.0]])
    table = np.hstack([rows, np.ones((3, 1))]).astype(np.float32)
    run = kmeans._lloyd(table, np.array([[0.0], [500.0]], np.float32))
    assert sorted(run.centers[:, 0].tolist()) == [0.5, 9]
    assert run.sizes.sum() == 3


def test_clusters_of_one_size_are_numbered_as_they_appear():
    vectors = np.array([[5.0], [5.1], [0.0], [0.1]], np.float32)
    assert fit(vectors, "kmeans", 2).labels.tolist() == [0, 0, 1, 1]


@pytest.fixture
def faiss(monkeypatch):
    """A stand-in that keeps the centres it is given, and remembers them."""
    calls = []

    def make(width, k, niter, seed):
        def train(rows, init_centroids):
            calls.append(rows.shape)
            means.centroids = init_centroids

        def assigned(rows):
            return None, np.square(rows[:, None] - means.centroids).sum(axis=2).argmin(axis=1)

        means = SimpleNamespace(cp=SimpleNamespace(), train=train, assign=assigned, obj=[7.0])
        return means

    module = ModuleType("faiss")
    module.__spec__, module.Kmeans = ModuleSpec("faiss", None), make
    monkeypatch.setitem(sys.modules, "faiss", module)
    monkeypatch.setattr(kmeans, "FAISS_FROM", 400)
    monkeypatch.setattr(kmeans, "SAMPLE", 300)
    monkeypatch.setattr(kmeans, "_ROWS_PER_CENTER", 1)
    monkeypatch.setattr(kmeans, "FINAL_SAMPLE", 300)
    return calls


def test_many_rows_go_to_faiss_where_it_is_installed(faiss):
    vectors, truth = make_blobs(500, 3, centers=3, cluster_std=0.1, random_state=0)
    found = fit(vectors, "kmeans", 3)
    assert (faiss, found.settings["by"]) == ([(500, 3)], "faiss")
    assert len(set(zip(truth, found.labels.tolist(), strict=True))) == 3


def test_many_rows_do_without_faiss(faiss, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    vectors, truth = make_blobs(500, 3, centers=3, cluster_std=0.1, random_state=0)
    found = fit(vectors, "kmeans", 3)
    assert (faiss, found.settings["by"]) == ([], "numpy")
    assert len(set(zip(truth, found.labels.tolist(), strict=True))) == 3


def test_few_rows_never_go_to_faiss(faiss):
    assert fit(DIGITS[:400], "kmeans", 3).settings["by"] == "numpy"
    assert faiss == []
