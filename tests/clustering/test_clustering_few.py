"""Few images, copies, and embeddings that hardly differ: clusters, or one sentence that says what to do."""

import warnings

import numpy as np
import pytest

from autoencoder.clustering import METHODS, assign, fit
from autoencoder.clustering.choose_k import propose_k
from autoencoder.clustering.layout import fault
from autoencoder.errors import DataError, UsageError
from autoencoder.metrics.clusters import stability, without_labels

RANDOM = np.random.default_rng(0)
SETS = {
    **{f"{count} images": RANDOM.normal(size=(count, 5)) for count in (1, 2, 3, 4, 5, 6, 9)},
    "on a line": np.arange(7.0)[:, None],
    "all the same": np.ones((30, 5)),
    "one other": np.vstack([np.ones((29, 5)), np.zeros((1, 5))]),
    "two, twenty times": np.repeat(RANDOM.normal(size=(2, 5)), 20, axis=0),
    "three, ten times": np.repeat(RANDOM.normal(size=(3, 5)), 10, axis=0),
    "nine, four times": np.repeat(RANDOM.normal(size=(9, 5)), 4, axis=0),
    "copies with rounding": np.repeat(RANDOM.normal(size=(2, 5)), 20, axis=0)
    * (1 + 1e-7 * RANDOM.normal(size=(40, 5))),
    "hardly different": 1 + 1e-7 * RANDOM.normal(size=(30, 5)),
    "wider than many": RANDOM.normal(size=(12, 60)),
    "one column": np.hstack([RANDOM.normal(size=(30, 1)), np.ones((30, 4))]),
    "huge": 1e14 * RANDOM.normal(size=(30, 5)),
    "beyond all": 1e30 * RANDOM.normal(size=(30, 5)),
    "hardly there": 1e-30 * RANDOM.normal(size=(30, 5)),
}
CASES = [
    (name, method, k)
    for name in SETS
    for method in METHODS
    if METHODS[method].fit is not None
    for k in ((2, 3, 9, len(SETS[name]) + 1) if METHODS[method].takes_k else (None,))
]


def one_sentence(error):
    text = str(error)
    return "\n" not in text and len(text) < 300 and not text.endswith(".")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method", "k"), CASES)
def test_every_method_gives_clusters_or_says_why_not(name, method, k):
    vectors = SETS[name].astype(np.float32)
    different = len(np.unique(vectors, axis=0))
    try:
        found = fit(vectors, method, k, 0)
    except (DataError, UsageError) as error:
        assert one_sentence(error)
        impossible = different < (k or 2) or name in ("hardly there", "beyond all")
        assert impossible or method == "hdbscan" or (method == "umap_gmm" and len(vectors) < 4)
        return
    assert fault(found) is None
    sizes = np.bincount(found.labels[found.labels >= 0], minlength=found.k).tolist()
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] > 0
    assert found.k <= (k or len(vectors))
    assert set(assign(found, vectors).labels) <= {-1, *range(found.k)}


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_a_number_is_proposed_that_can_be_clustered_or_it_is_said_why_not(name):
    vectors = SETS[name].astype(np.float32)
    try:
        proposal = propose_k(vectors)
    except DataError as error:
        assert one_sentence(error) and "k_m" not in str(error)
        assert len(np.unique(vectors, axis=0)) < 4 or name in ("hardly there", "beyond all")
        return
    assert 2 <= proposal.low <= proposal.best <= proposal.high <= min(20, len(vectors) - 1)
    assert all(np.isfinite(curve).all() for curve in proposal[:4])
    assert fit(vectors, "kmeans", proposal.best).k == proposal.best


@pytest.mark.parametrize("name", ["2 images", "3 images", "two, twenty times", "one other"])
def test_scores_of_few_images_are_numbers_or_none(name):
    vectors = SETS[name].astype(np.float32)
    assert stability(vectors, lambda chosen, seed: fit(chosen, "kmeans", 2, seed).labels) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = without_labels(vectors, fit(vectors, "kmeans", 2).labels)
    assert all(each is None or np.isfinite(each) for each in scores.values() if not isinstance(each, dict))
