from dataclasses import replace

import numpy as np
import pytest

from autoencoder.clustering import NOISE, Assignment, Clustering, assign, read, save
from autoencoder.clustering.corrected import correct, method_of, parent_of
from autoencoder.errors import DataError, ModelFileError

# Three clusters on a line: 0 around 1, 1 around 10, 2 around 20.
VECTORS = np.array([[0], [1], [2], [9], [11], [20]], np.float32)
BEFORE = np.array([0, 0, 0, 1, 1, 2], np.int32)
CENTERS = np.array([[1], [10], [20]], np.float32)


@pytest.fixture
def parent() -> Clustering:
    one = np.ones(6, np.float32)
    return Clustering("kmeans", 3, BEFORE, one * 0, one, (BEFORE + 1) % 3, CENTERS, settings={"seed": 1})


def corrected(parent, *after) -> Clustering:
    return correct(parent, VECTORS, BEFORE, np.array(after, np.int32))


def check(found, labels, centers, distances, confidence, second):
    assert found.labels.tolist() == labels
    assert found.centers.ravel() == pytest.approx(np.array(centers))
    assert found.distances == pytest.approx(np.array(distances), abs=1e-6)
    assert found.confidence == pytest.approx(np.array(confidence), abs=1e-6)
    assert found.second.tolist() == second
    assert found.k == len(centers) and found.method == "corrected"


def test_two_clusters_merged_become_the_lower_one_and_the_gap_closes(parent):
    check(
        corrected(parent, 0, 0, 0, 0, 0, 2),
        [0, 0, 0, 0, 0, 1],
        [4.6, 20],  # (0 + 1 + 2 + 9 + 11) / 5
        [4.6, 3.6, 2.6, 4.4, 6.4, 0],
        [1 - 4.6 / 20, 1 - 3.6 / 19, 1 - 2.6 / 18, 1 - 4.4 / 11, 1 - 6.4 / 9, 1],
        [1, 1, 1, 1, 1, 0],
    )


def test_new_images_of_merged_clusters_lie_where_either_of_them_was(parent):
    # 12.5 is nearer to 20 than to 4.6, but it was of cluster 1, which is merged into 0.
    placed = assign(corrected(parent, 0, 0, 0, 0, 0, 2), np.array([[12.5], [16]], np.float32))
    assert placed.labels.tolist() == [0, 1]


def test_images_split_off_are_a_cluster_of_their_own(parent):
    found = corrected(parent, 0, 0, 7, 1, 1, 2)
    check(
        found,
        [0, 0, 3, 1, 1, 2],
        [0.5, 10, 20, 2],
        [0.5, 0.5, 0, 1, 1, 0],
        [1 - 0.5 / 2, 1 - 0.5 / 1, 1, 1 - 1 / 7, 1 - 1 / 9, 1],
        [3, 3, 0, 3, 2, 1],
    )
    assert assign(found, np.array([[1.2], [1.3], [5]], np.float32)).labels.tolist() == [0, 3, 3]


def test_what_does_not_belong_is_noise_and_draws_nothing_out_of_its_cluster(parent):
    found = corrected(parent, 0, 0, -1, 1, 1, 2)
    check(
        found,
        [0, 0, NOISE, 1, 1, 2],
        [0.5, 10, 20],
        [0.5, 0.5, 1.5, 1, 1, 0],
        [1 - 0.5 / 10, 1 - 0.5 / 9, 0, 1 - 1 / 8.5, 1 - 1 / 9, 1],
        [1, 1, 0, 0, 2, 1],
    )
    assert assign(found, np.array([[2]], np.float32)).labels.tolist() == [0]


def test_a_cluster_that_was_thrown_out_whole_is_noise_for_new_images_too(parent):
    found = corrected(parent, 0, 0, 0, -1, -1, 2)
    placed = assign(found, np.array([[10], [1], [20]], np.float32))
    assert placed.labels.tolist() == [NOISE, 0, 1] and placed.confidence[0] == 0


def test_noise_of_the_former_clustering_stays_noise(parent, monkeypatch):
    hdbscan = replace(parent, method="hdbscan", labels=np.array([0, 0, 0, 1, 1, -1], np.int32))
    before = hdbscan.labels
    found = correct(hdbscan, VECTORS, before, np.array([0, 0, 0, 1, 1, 1]))
    home = Assignment(np.array([-1, 1], np.int32), np.zeros(2), np.zeros(2), np.zeros(2))
    monkeypatch.setattr("autoencoder.clustering.METHODS", {"hdbscan": FixedMethod(home)})
    assert assign(found, np.array([[20], [10]], np.float32)).labels.tolist() == [-1, 1]


class FixedMethod:
    def __init__(self, placed):
        self.assign = lambda clustering, vectors: placed


def test_everything_in_one_cluster_has_no_second(parent):
    found = corrected(parent, 0, 0, 0, 0, 0, 0)
    assert found.k == 1 and set(found.second.tolist()) == {-1} and set(found.confidence.tolist()) == {1.0}


def test_nothing_left_is_refused(parent):
    with pytest.raises(DataError, match="no cluster is left"):
        corrected(parent, -1, -1, -1, -1, -1, -1)


def test_saved_read_and_corrected_again(parent, tmp_path):
    first = corrected(parent, 0, 0, 0, 0, 0, 2)
    second = correct(first, VECTORS, first.labels, np.array([0, 0, 0, 0, 5, 1]))
    save(second, tmp_path)
    back = read(tmp_path)
    assert back.labels.tolist() == [0, 0, 0, 0, 2, 1] and method_of(back) == "kmeans"
    assert parent_of(parent_of(back)).centers.tolist() == CENTERS.tolist()
    new = np.array([[10.9], [8], [1], [30]], np.float32)
    assert assign(back, new).labels.tolist() == assign(second, new).labels.tolist() == [2, 2, 0, 1]


@pytest.mark.parametrize("lost", ["part_to", "parent.centers"])
def test_a_damaged_one_is_refused(parent, tmp_path, lost):
    found = corrected(parent, 0, 0, 0, 0, 0, 2)
    del found.arrays[lost]
    save(found, tmp_path)
    with pytest.raises(ModelFileError, match=r"missing|lacks"):
        read(tmp_path)


def test_new_vectors_of_another_width_are_refused(parent):
    with pytest.raises(DataError, match="2 wide"):
        assign(corrected(parent, 0, 0, 0, 0, 0, 2), np.ones((1, 2), np.float32))
