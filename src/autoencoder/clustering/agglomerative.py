"""Agglomerative clustering with Ward's linkage."""

import numpy as np

from ..sampling import drawn
from .clustering import NOISE, Assignment, Clustering, means_of, order_by_size, renumber, renumber_assignment
from .method import KNOWN, Method, Rule
from .nearest import margins, neighbours, vote_weights

SAMPLE = 8_000
NEIGHBOURS = 5


def fit(vectors: np.ndarray, k: int, seed: int) -> Clustering:
    """Cluster by merging, each time the two groups whose union adds least variance.

    The tree needs n²/2 distances, so past 8,000 rows (256 MB) it is built on a sample, and the other rows are
    assigned to it like new ones.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    k : int
    seed : int
        Chooses the sample, where there is one.

    Returns
    -------
    Clustering
        Confidence is 1 - d_own / d_other (see `nearest.margins`).

    References
    ----------
    Ward 1963, Hierarchical grouping to optimize an objective function.
    """
    from sklearn.cluster import AgglomerativeClustering

    size = min(len(vectors), SAMPLE)
    known = vectors[drawn(len(vectors), SAMPLE, seed)]
    labels = AgglomerativeClustering(k, linkage="ward").fit_predict(known)
    centers = means_of(known, labels, k)
    assigned = _assign({"known": known, "known_labels": labels}, centers, vectors)
    order = order_by_size(assigned.labels)
    labels = renumber(labels, order)
    # A cluster whose every row has a twin elsewhere can lose them all in the vote.
    arrays = {"known": known[labels != NOISE], "known_labels": labels[labels != NOISE]}
    assigned = renumber_assignment(assigned, order)
    settings = {"seed": seed, "k": k, "sample": size, "neighbours": NEIGHBOURS}
    return Clustering("agglomerative", len(order), *assigned, centers=centers[order], arrays=arrays, settings=settings)


def assign(clustering: Clustering, vectors: np.ndarray) -> Assignment:
    """Let the five nearest vectors of the tree vote, each by its inverse distance.

    Parameters
    ----------
    clustering : Clustering
    vectors : float32 array of shape (n, d)

    Returns
    -------
    Assignment
    """
    return _assign(clustering.arrays, clustering.centers, vectors)


def _assign(arrays: dict[str, np.ndarray], centers: np.ndarray, vectors: np.ndarray) -> Assignment:
    distances, rows = neighbours(arrays["known"], vectors, NEIGHBOURS)
    weights, votes = vote_weights(distances), arrays["known_labels"][rows]
    tally = np.zeros((len(vectors), len(centers)))
    np.add.at(tally, (np.arange(len(vectors))[:, None], votes), weights)
    return margins(vectors, centers, tally.argmax(axis=1))


METHOD = Method(fit, assign, {"known": KNOWN, "known_labels": Rule("m", True, 0, below="k")})
