"""Clustering of embeddings: arrays in, a `Clustering` out. Nothing here imports Keras."""

import difflib

import numpy as np

from ..errors import DataError, ModelFileError, UsageError
from ..progress import stage
from .clustering import NOISE, Assignment, Clustering
from .corrected import CORRECTED, follow, parent_of
from .method import Method
from .methods import METHODS
from .storage import read, save
from .threads import one_blas_thread
from .vectors import check_count, check_different, check_k, check_vectors

__all__ = ["CORRECTED", "METHODS", "NOISE", "Assignment", "Clustering", "Method", "assign", "fit", "read", "save"]


def fit(vectors: np.ndarray, method: str = "kmeans", k: int | None = None, seed: int = 0) -> Clustering:
    """Cluster vectors by one of `METHODS`.

    Parameters
    ----------
    vectors : array of shape (n, d), n at least 2
        Finite numbers.
    method : str
    k : int, optional
        Number of clusters, 2 to n; must be left out for a method that finds it.
    seed : int
        0 to 2**32 - 1. The same seed gives the same clusters.

    Returns
    -------
    Clustering
        Clusters are numbered by falling size. There can be fewer than `k` where a mixture leaves a component empty.

    Raises
    ------
    UsageError
        If there is no such method, or `k` or `seed` is outside its range.
    DataError
        If the vectors are not finite, fewer than 2, or fewer than `k` of them are different.
    """
    chosen = _method(method)
    if chosen.fit is None:
        raise UsageError(f"{method} trains the encoder itself; it cannot cluster embeddings alone")
    if isinstance(seed, bool) or int(seed) != seed or not 0 <= seed < 2**32:
        raise UsageError(f"the seed must be a whole number from 0 to {2**32 - 1}, but is {seed}")
    clean = check_vectors(vectors)
    check_count(len(clean))
    if chosen.takes_k:
        k = check_k(k, len(clean))
    elif k is not None:
        raise UsageError(f"{method} finds the number of clusters by itself: leave out k, which is {k}")
    check_different(clean, k or 2)
    with one_blas_thread(), stage(f"clustering by {method}"):
        return chosen.fit(clean, k, int(seed))


def assign(clustering: Clustering, vectors: np.ndarray) -> Assignment:
    """Assign vectors to the clusters of an earlier clustering, fitted or read.

    Parameters
    ----------
    clustering : Clustering
    vectors : array of shape (n, d), n at least 1
        Finite numbers, as wide as those that were clustered.

    Returns
    -------
    Assignment

    Raises
    ------
    DataError
        If the vectors are not finite or not as wide as those that were clustered.
    ModelFileError
        If the clustering is of no method in `METHODS`.
    """
    if clustering.method == CORRECTED:
        parent = parent_of(clustering)
        return follow(clustering, check_vectors(vectors), assign(parent, vectors).labels)
    if clustering.method not in METHODS:
        raise ModelFileError(f"the clustering was made by {clustering.method!r}, which is none of {', '.join(METHODS)}")
    clean = check_vectors(vectors)
    width = clustering.centers.shape[1]
    if clean.shape[1] != width:
        raise DataError(
            f"the embeddings are {clean.shape[1]} wide, but the clusters were made from embeddings {width} wide: "
            "use the encoder that made them"
        )
    with one_blas_thread():
        return METHODS[clustering.method].assign(clustering, clean)


def _method(name: str) -> Method:
    if name not in METHODS:
        near = difflib.get_close_matches(str(name), METHODS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"method must be one of {', '.join(METHODS)}, but is {name!r}{hint}")
    return METHODS[name]
