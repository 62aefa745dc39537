import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs

from autoencoder.clustering.choose_k import propose_k
from autoencoder.errors import UsageError


def test_well_parted_groups_are_counted():
    vectors, _ = make_blobs(500, 5, centers=6, cluster_std=0.5, random_state=1)
    proposal = propose_k(vectors.astype(np.float32), 2, 12, 0)
    assert proposal.ks == tuple(range(2, 13))
    assert proposal.low <= 6 <= proposal.high
    assert proposal.best == 6
    assert len(proposal.silhouette) == len(proposal.davies_bouldin) == 11


def test_the_ten_digits_are_found_within_one():
    proposal = propose_k((load_digits().data / 16).astype(np.float32), 2, 20, 0)
    assert 9 <= proposal.best <= 11


@pytest.mark.parametrize(("k_min", "k_max"), [(1, 5), (5, 5), (2, 40)])
def test_a_range_that_leaves_nothing_to_choose_is_refused(k_min, k_max):
    with pytest.raises(UsageError):
        propose_k(np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32), k_min, k_max, 0)
