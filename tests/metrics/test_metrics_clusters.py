import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from autoencoder.metrics import clusters as module
from autoencoder.metrics.clusters import contingency, stability, with_labels, without_labels

FOUND = np.array([0, 0, 0, 1, 1, 1, 2, 2])
CLASSES = ["a", "a", "b", "b", "b", "a", "c", "c"]


def test_contingency_by_hand():
    counted = contingency(FOUND, CLASSES)
    np.testing.assert_array_equal(counted.table, [[2, 1, 0], [1, 2, 0], [0, 0, 2]])
    assert counted.clusters.tolist() == [0, 1, 2]
    assert counted.classes == ["a", "b", "c"]
    assert counted.matched.tolist() == [0, 1, 2]


def test_scores_by_hand():
    scores = with_labels(FOUND, CLASSES)
    assert scores["accuracy"] == 6 / 8
    assert scores["nmi"] == pytest.approx(metrics.normalized_mutual_info_score(CLASSES, FOUND))
    assert scores["ari"] == pytest.approx(metrics.adjusted_rand_score(CLASSES, FOUND))
    assert scores["homogeneity"] == pytest.approx(metrics.homogeneity_score(CLASSES, FOUND))


def test_one_assignment_and_no_class_twice():
    # Both clusters hold mostly "a": only one of them may be matched with it.
    assert with_labels(np.array([0, 0, 0, 1, 1, 1]), ["a", "a", "a", "a", "a", "b"])["accuracy"] == 4 / 6


def test_more_clusters_than_classes_leave_some_unmatched():
    counted = contingency(np.array([0, 0, 1, 2, 2, 2]), ["a", "a", "a", "b", "b", "b"])
    assert counted.matched.tolist() == [0, -1, 1]
    assert with_labels(np.array([0, 0, 1, 2, 2, 2]), ["a"] * 3 + ["b"] * 3)["accuracy"] == 5 / 6


def test_noise_is_a_cluster_of_its_own():
    counted = contingency(np.array([-1, -1, 0]), ["a", "a", "b"])
    assert counted.clusters.tolist() == [-1, 0]
    assert without_labels(np.array([[0.0], [0.1], [9.0]]), np.array([-1, -1, 0]))["sizes"] == {"-1": 2, "0": 1}


@given(st.lists(st.integers(0, 4), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_the_names_of_the_clusters_do_not_matter(classes, random):
    names = list(range(5))
    random.shuffle(names)
    scores = with_labels(np.array([names[c] for c in classes]), [str(c) for c in classes])
    assert scores["accuracy"] == 1
    assert scores["homogeneity"] == pytest.approx(1)


def test_scores_without_labels_are_scikit_learns():
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(60, 3)) + np.repeat(np.eye(3) * 5, 20, axis=0)
    labels = np.repeat([0, 1, 2], 20)
    scores = without_labels(vectors, labels)
    assert scores["silhouette"] == pytest.approx(metrics.silhouette_score(vectors, labels))
    assert scores["davies_bouldin"] == pytest.approx(metrics.davies_bouldin_score(vectors, labels))
    assert scores["calinski_harabasz"] == pytest.approx(metrics.calinski_harabasz_score(vectors, labels))
    assert (scores["silhouette_images"], scores["sizes"]) == (60, {"0": 20, "1": 20, "2": 20})


def test_the_silhouette_of_many_images_is_that_of_a_sample(monkeypatch):
    monkeypatch.setattr(module, "SILHOUETTE_IMAGES", 50)
    vectors = np.concatenate([np.zeros((100, 2)), np.ones((100, 2))]) + np.random.default_rng(0).normal(
        0, 0.1, (200, 2)
    )
    labels = np.repeat([0, 1], 100)
    scores = without_labels(vectors, labels, seed=3)
    assert scores["silhouette_images"] == 50
    assert scores["silhouette"] == pytest.approx(metrics.silhouette_score(vectors, labels), abs=0.05)
    assert scores == without_labels(vectors, labels, seed=3)


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2]])
def test_what_cannot_be_measured_is_none(labels):
    scores = without_labels(np.eye(3), np.array(labels))
    assert scores["silhouette"] is scores["davies_bouldin"] is scores["calinski_harabasz"] is None


def test_stability_is_one_where_every_seed_agrees_and_low_where_none_does():
    vectors = np.random.default_rng(0).normal(size=(200, 2))
    assert stability(vectors, lambda v, seed: (v[:, 0] > 0).astype(int)) == 1
    assert abs(stability(vectors, lambda v, seed: np.random.default_rng(seed).integers(0, 3, len(v)))) < 0.1
