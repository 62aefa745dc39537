import numpy as np
import pytest
from sklearn.datasets import load_digits, make_blobs

from autoencoder.clustering.choose_k import Proposal, propose_k
from autoencoder.errors import DataError, UsageError

NOISE = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


@pytest.mark.slow
def test_well_parted_groups_are_counted():
    vectors, _ = make_blobs(500, 5, centers=6, cluster_std=0.5, random_state=1)
    proposal = propose_k(vectors.astype(np.float32), 2, 12, 0)
    assert proposal.ks == tuple(range(2, 13))
    assert proposal.low <= 6 <= proposal.high
    assert proposal.best == 6
    assert len(proposal.silhouette) == len(proposal.davies_bouldin) == 11


@pytest.mark.slow
def test_the_ten_digits_are_found_within_one():
    proposal = propose_k((load_digits().data / 16).astype(np.float32), 2, 20, 0)
    assert 9 <= proposal.best <= 11


@pytest.mark.parametrize(("k_min", "k_max"), [(1, 5), (6, 5), (0, 0), (2.5, 5), (2, 5.5)])
def test_a_range_that_is_none_is_refused(k_min, k_max):
    with pytest.raises(UsageError, match="must be whole numbers"):
        propose_k(NOISE, k_min, k_max, 0)


def test_a_range_beyond_the_vectors_is_cut_at_its_end_and_refused_at_its_begin():
    assert propose_k(NOISE[:6], 2, 20).ks == (2, 3, 4, 5)
    copies = np.repeat(NOISE[:5], 8, axis=0)
    assert propose_k(copies, 3, 20).ks == (3, 4, 5)
    with pytest.raises(UsageError, match="k_min must be at most 5, since 5 of 40 embeddings differ, but is 6"):
        propose_k(copies, 6, 20)


def test_one_number_is_proposed_where_the_range_holds_no_other():
    proposal = propose_k(NOISE[:12], 3, 3)
    assert (proposal.ks, proposal.low, proposal.best, proposal.high) == ((3,), 3, 3, 3)


@pytest.mark.parametrize("count", [2, 3])
def test_too_few_different_vectors_name_no_number_that_nobody_gave(count):
    for vectors in (NOISE[:count], np.repeat(NOISE[:count], 20, axis=0)):
        with pytest.raises(DataError, match=f"only {count} of {len(vectors)} embeddings differ") as refusal:
            propose_k(vectors)
        assert "k_m" not in str(refusal.value) and "20 clusters" not in str(refusal.value)


@pytest.mark.parametrize(
    ("agreement", "best", "why"),
    [
        ((0.9, 0.95, 0.9), 3, "the highest silhouette, and the projections agree there (0.95)"),
        (
            (0.9, 0.9, 0.97),
            4,
            "the finest clear peak of the silhouettes, and the projections agree there (0.97); a coarser grouping has "
            "a higher one",
        ),
        (
            (0.1, 0.12, 0.1),
            3,
            "the highest silhouette; at no clear peak do the projections agree by 0.95 (here 0.12), so it is uncertain",
        ),
    ],
)
def test_it_is_said_why_a_number_is_proposed(agreement, best, why):
    silhouette = (0.3, 0.6, 0.5)
    assert Proposal((2, 3, 4), silhouette, (1.0, 1.0, 1.0), agreement, 2, 4, best, 100).why == why
