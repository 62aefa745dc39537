"""How a number of clusters is read off the curves."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score

from autoencoder.clustering import choose_k
from autoencoder.clustering.choose_k import Curves, clear_peaks, propose_from_curves, propose_k, score_curves
from autoencoder.clustering.kmeans import find_centers
from autoencoder.clustering.nearest import margins
from autoencoder.errors import DataError

# Silhouettes of 7,000 MNIST images, raw pixels in UMAP's space, k = 2 to 14: six groups of kinds, ten kinds.
MNIST = np.array([0.522, 0.535, 0.602, 0.661, 0.665, 0.607, 0.561, 0.574, 0.597, 0.592, 0.589, 0.567, 0.543])


def test_the_curves_are_scikit_learns(monkeypatch):
    points = make_blobs(150, 4, centers=4, random_state=3)[0].astype(np.float32)
    spaces = [points, points[:, ::-1] * np.float32(2), points[:, :2].copy()]
    monkeypatch.setattr(choose_k, "_BLOCK", 40)
    curves = score_curves(spaces, np.array([2, 4, 9]), 0)
    for place, k in enumerate((2, 4, 9)):
        found = [margins(at, find_centers(at, k, 0, 20)[0]).labels for at in spaces]
        pairs = list(zip(spaces, found, strict=True))
        alike = [adjusted_rand_score(found[one], found[other]) for one, other in ((0, 1), (0, 2), (1, 2))]
        assert curves.silhouette[place] == pytest.approx(np.mean([silhouette_score(*pair) for pair in pairs]), abs=1e-4)
        assert curves.davies_bouldin[place] == pytest.approx(np.mean([davies_bouldin_score(*pair) for pair in pairs]))
        assert curves.agreement[place] == pytest.approx(np.mean(alike))


def test_a_cluster_of_one_has_a_silhouette_of_zero():
    points = np.array([[0.0], [1.0], [50.0]], np.float32)
    labels = np.array([0, 0, 1])
    assert choose_k._silhouettes(points, [labels])[0] == pytest.approx(silhouette_score(points, labels), abs=1e-5)


def test_a_second_peak_shows_the_kinds_within_the_groups():
    assert (clear_peaks(MNIST) + 2).tolist() == [6, 10]


@pytest.mark.parametrize(
    ("curve", "peaks"),
    [
        ([0.1, 0.5, 0.9], [2]),
        ([0.9, 0.5, 0.1], [0]),
        ([0.5, 0.5, 0.5], [0]),
        ([0.5, 0.9, 0.85, 0.86, 0.8], [1]),  # rises too little
        ([0.5, 0.9, 0.85, 0.88, 0.8], [1]),  # not by a tenth of what the curve spans
        ([0.5, 0.9, 0.85, 0.895, 0.8], [1, 3]),
        ([0.5, 0.9, 0.5, 0.7, 0.4], [1, 3]),
        ([0.9, 0.86, 0.885], [0, 2]),  # at the end of the curve
        ([0.885, 0.86, 0.9], [0, 2]),
        ([0.6, 0.59, 0.608], [2]),  # a tenth of the span, but within the luck of projections
    ],
)
def test_peaks_are_clear(curve, peaks):
    assert clear_peaks(np.array(curve)).tolist() == peaks


# Silhouettes of scikit-learn's ten digits, k = 2 to 20. Processors and seeds move the rise at 12 from .011 to .016,
# across any line that is drawn near .0125.
DIGITS = np.array([
    0.469, 0.394, 0.506, 0.603, 0.693, 0.746, 0.788, 0.812, 0.8372, 0.8210, 0.8323, 0.816, 0.776, 0.751, 0.724, 0.698,
    0.666, 0.644, 0.625,
])  # fmt: skip


@pytest.mark.parametrize("at_12", [0.8323, 0.8336, 0.837])
def test_a_bump_beside_a_high_hill_is_no_finer_grouping(at_12):
    curve = DIGITS.copy()
    curve[10] = at_12
    proposal = propose_from_curves(np.arange(2, 21), Curves(curve, 1 - curve, np.ones(19)), 1797)
    assert (proposal.low, proposal.best, proposal.high) == (10, 10, 10)


@pytest.mark.parametrize("seed", range(5))
def test_the_proposal_stays_on_its_hill_when_the_curve_trembles(seed):
    """By what machines and seeds change: the deviation of a mean of three projections is about .003."""
    trembling = np.random.default_rng(seed).normal(scale=0.003, size=(20, 13))
    for each in trembling:
        proposal = propose_from_curves(np.arange(2, 15), Curves(MNIST + each, 1 - MNIST, np.ones(13)), 7000)
        assert 9 <= proposal.best <= 12  # the hill is flat there, and the higher one is at 6


@pytest.mark.parametrize(
    ("agreement_at_10", "spread", "found"),
    [(0.96, 1 - MNIST, (6, 10, 10)), (0.94, 1 - MNIST, (6, 6, 6)), (0.96, np.arange(13.0), (2, 10, 10))],
)
def test_the_proposal_is_the_finest_clear_peak_that_projections_agree_on(agreement_at_10, spread, found):
    ks, agreement = np.arange(2, 15), np.ones(13)
    agreement[8] = agreement_at_10
    proposal = propose_from_curves(ks, Curves(MNIST, spread, agreement), 7000)
    assert (proposal.low, proposal.best, proposal.high) == found
    assert (proposal.ks, proposal.sample) == (tuple(range(2, 15)), 7000)
    np.testing.assert_array_equal(proposal.agreement, agreement)


def test_without_any_agreement_the_highest_silhouette_is_proposed():
    proposal = propose_from_curves(np.arange(2, 15), Curves(MNIST, 1 - MNIST, np.zeros(13)), 7000)
    assert (proposal.low, proposal.best, proposal.high) == (6, 6, 6)


def test_samples_of_many_images_are_projected(monkeypatch):
    vectors = make_blobs(300, 3, centers=5, cluster_std=0.3, random_state=8)[0].astype(np.float32)
    seen = []

    def project(chosen, *arguments):
        seen.append(len(chosen))
        return chosen

    monkeypatch.setattr(choose_k, "project_umap", project)
    monkeypatch.setattr(choose_k, "SAMPLE", 200)
    proposal = propose_k(vectors, 2, 9)
    assert (seen, proposal.sample, proposal.best) == ([200, 200, 200], 200, 5)
    assert proposal == propose_k(vectors, 2, 9)


def test_bad_vectors_are_refused():
    with pytest.raises(DataError, match="row 3"):
        propose_k(np.where(np.arange(40)[:, None] == 3, np.nan, np.ones((40, 2))), 2, 5)
    with pytest.raises(DataError, match="identical"):
        propose_k(np.ones((40, 2)), 2, 5)
