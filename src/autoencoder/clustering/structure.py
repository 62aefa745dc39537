"""Whether vectors lie in clusters at all: beside random ones of the same spread."""

from typing import NamedTuple

import numpy as np

from ..sampling import drawn
from .kmeans import find_centers
from .nearest import margins
from .projection import FEWEST, project_umap
from .threads import one_blas_thread
from .umap_gmm import COMPONENTS, NEIGHBOURS

#: So many vectors are projected, and as many random ones.
SAMPLE = 3_000
_STARTS = 5


class Structure(NamedTuple):
    """How far apart clusters lie in UMAP's space.

    Attributes
    ----------
    silhouette : float
        Of k-means on the projected vectors, from -1 to 1.
    by_chance : float
        The same of random vectors, normally distributed with this mean and covariance: UMAP makes lumps of anything.
    """

    silhouette: float
    by_chance: float


def structure(vectors: np.ndarray, k: int, seed: int = 0) -> Structure | None:
    """Compare the clusters of vectors with those of random ones; None where there are too few to tell.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
        Of more than 3,000, a sample is taken.
    k : int
    seed : int

    References
    ----------
    A reference distribution without clusters: Tibshirani, Walther & Hastie 2001, Estimating the number of clusters in
    a data set via the gap statistic; the normal one: Sarle 1983, Cubic clustering criterion.
    """
    sample = vectors[drawn(len(vectors), SAMPLE, seed)]
    if len(sample) < max(FEWEST, 2 * k) or k < 2:
        return None
    with one_blas_thread():
        return Structure(*(_silhouette(rows, k, seed) for rows in (sample, _without_clusters(sample, seed))))


def _without_clusters(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Draw as many vectors from the normal distribution of the same mean and covariance."""
    moved = vectors - vectors.mean(axis=0)
    # Sums of all vectors, each with a random weight, vary as the vectors do; no covariance has to be taken apart.
    weights = np.random.default_rng(seed).standard_normal((len(moved), len(moved)), np.float32)
    return np.asarray(weights @ moved / np.sqrt(len(moved)), np.float32)


def _silhouette(vectors: np.ndarray, k: int, seed: int) -> float:
    from sklearn.metrics import silhouette_score

    projected = project_umap(vectors, COMPONENTS, NEIGHBOURS, 0.0, seed)
    labels = margins(projected, find_centers(projected, k, seed, _STARTS)[0]).labels
    return float(silhouette_score(projected, labels)) if 2 <= len(np.unique(labels)) < len(labels) else 0.0
