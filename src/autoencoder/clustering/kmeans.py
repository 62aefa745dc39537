"""k-means by scikit-learn: many starts on a sample, and one run on all rows from the best of them."""

import warnings
from typing import Any

import numpy as np

from ..sampling import drawn
from .clustering import Assignment, Clustering, order_by_size, renumber_assignment
from .method import Method
from .nearest import margins
from .threads import one_openmp_thread

STARTS = 10
SAMPLE = 10_000
_ROWS_PER_CENTER = 100


def fit(vectors: np.ndarray, k: int, seed: int) -> Clustering:
    """Cluster by k-means.

    Ten runs from greedy k-means++ starts on a sample of 10,000 rows (100 per centre, where that is more), and one run
    on all rows from the centres of the best.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    k : int
    seed : int

    Returns
    -------
    Clustering
        Confidence is 1 - d_own / d_other (see `nearest.margins`).

    References
    ----------
    Lloyd 1982, Least squares quantization in PCM; Arthur & Vassilvitskii 2007, k-means++.
    """
    centers, settings = find_centers(vectors, k, seed)
    return from_centers("kmeans", vectors, centers, settings)


def assign(clustering: Clustering, vectors: np.ndarray) -> Assignment:
    """Put each vector to the nearest centre.

    Parameters
    ----------
    clustering : Clustering
    vectors : float32 array of shape (n, d)

    Returns
    -------
    Assignment
    """
    return margins(vectors, clustering.centers)


def from_centers(method: str, vectors: np.ndarray, centers: np.ndarray, settings: dict[str, Any]) -> Clustering:
    """Number the centres by the size of their clusters and assign all vectors to them."""
    assigned = margins(vectors, centers)
    order = order_by_size(assigned.labels)
    if len(order) < len(centers):  # a centre that another lies on has no members
        centers = centers[np.sort(order)]
        assigned = margins(vectors, centers)
        order = order_by_size(assigned.labels)
    assigned = renumber_assignment(assigned, order)
    return Clustering(method, len(order), *assigned, centers=centers[order], settings=settings)


def find_centers(vectors: np.ndarray, k: int, seed: int, starts: int = STARTS) -> tuple[np.ndarray, dict[str, Any]]:
    """Find the centres of k-means, those of large clusters first.

    Returns
    -------
    centers : float32 array of shape (k, d)
    settings : dict
        seed, k, starts, sample, steps and inertia.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    origin = vectors.mean(axis=0, dtype=np.float64)
    rows = vectors - origin.astype(np.float32)
    spread = float(np.sqrt(np.mean(rows**2, dtype=np.float64))) or 1.0
    rows /= np.float32(spread)  # squares of very small and very large numbers are none in float32
    size = min(len(rows), max(SAMPLE, _ROWS_PER_CENTER * k))
    with one_openmp_thread(), warnings.catch_warnings():
        # A sample can hold fewer than k different rows; the run on all rows then moves the centres that are empty.
        warnings.simplefilter("ignore", ConvergenceWarning)
        means = KMeans(k, n_init=starts, random_state=seed).fit(rows[drawn(len(rows), size, seed)])
        if size < len(rows):
            means = KMeans(k, init=means.cluster_centers_, n_init=1, random_state=seed).fit(rows)
    largest_first = np.argsort(-np.bincount(means.labels_, minlength=k), kind="stable")
    settings: dict[str, Any] = {"seed": seed, "k": k, "starts": starts, "sample": size, "steps": int(means.n_iter_)}
    settings["inertia"] = float(means.inertia_) * spread**2
    return (means.cluster_centers_[largest_first] * spread + origin).astype(np.float32), settings


METHOD = Method(fit, assign)
