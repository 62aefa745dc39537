import numpy as np

from autoencoder.clustering.candidates import choose_candidates

# Two clusters of three tight groups each, and one of noise.
GROUPS = np.array([[0, 0], [10, 0], [20, 0], [100, 0], [110, 0], [120, 0]], np.float32)
STEPS = np.array([[0, 0], [0, 1], [0, -1], [0.5, 0], [-0.5, 0]], np.float32)
VECTORS = np.concatenate([*(group + STEPS for group in GROUPS), [[500, 500]]]).astype(np.float32)
LABELS = np.array([0] * 15 + [1] * 15 + [-1])
SURE = np.ones(31)
NONE = np.empty(0, int)


def test_central_ones_are_the_middles_of_groups_and_noise_is_left_out():
    found = choose_candidates(VECTORS, LABELS, SURE, 6, NONE, doubtful=0)
    assert sorted(found.rows.tolist()) == [0, 5, 10, 15, 20, 25] and not found.doubtful.any()
    assert set(LABELS[found.rows[:3]]) == {0} and set(LABELS[found.rows[3:]]) == {1}


def test_groups_that_have_a_label_are_passed_over():
    # With these two the first cluster has its share of four but one.
    found = choose_candidates(VECTORS, LABELS, SURE, 4, np.array([1, 11]), doubtful=0)
    assert sorted(found.rows.tolist()) == [5, 15, 20, 25]


def test_doubtful_ones_are_unsure_and_far_from_those_chosen():
    sure = SURE.copy()
    sure[[4, 14]] = 0.1, 0.2
    found = choose_candidates(VECTORS[:15], LABELS[:15], sure[:15], 3, np.array([0, 5]), doubtful=0.34)
    # One of three is doubtful; 14 lies in a group whose middle was chosen, 4 is the least sure of its whole cluster.
    assert found.rows[found.doubtful].tolist() == [4]
    two = choose_candidates(VECTORS[:15], LABELS[:15], sure[:15], 2, np.array([0]), doubtful=1)
    assert two.rows.tolist() == [14, 4]  # the farther one from 0 first


def test_clusters_have_shares_by_their_size():
    labels = np.array([0] * 25 + [1] * 5 + [-1])
    found = choose_candidates(VECTORS, labels, SURE, 6, NONE, doubtful=0)
    assert np.bincount(labels[found.rows]).tolist() == [5, 1]


def test_no_more_are_chosen_than_there_are_and_none_twice():
    found = choose_candidates(VECTORS, LABELS, SURE, 100, np.array([3]))
    assert sorted(found.rows.tolist()) == [row for row in range(30) if row != 3]
    assert not len(choose_candidates(VECTORS, LABELS, SURE, 5, np.arange(30)).rows)


def test_identical_vectors_can_be_chosen_from():
    found = choose_candidates(np.ones((8, 2), np.float32), np.zeros(8, int), np.ones(8), 4, NONE, doubtful=0.5)
    assert len(set(found.rows.tolist())) == 4
