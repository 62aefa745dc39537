"""A clustering that a person corrected: merged, split off, moved, taken out. New vectors follow the same changes."""

import numpy as np

from ..errors import DataError, ModelFileError
from .clustering import NOISE, Assignment, Clustering, means_of
from .method import Rule
from .nearest import margins

#: The method of a corrected clustering. It is none of `METHODS`, since nobody can ask for it.
CORRECTED = "corrected"
#: Besides these, the arrays hold all of the clustering that was corrected, each name after `_PARENT`.
ARRAYS = {
    "part_centers": Rule("md"),
    "part_from": Rule("m", True, NOISE),
    "part_to": Rule("m", True, NOISE, below="k"),
}
_PARENT = "parent."
_OWN = ("labels", "distances", "confidence", "second", "centers")


def correct(parent: Clustering, vectors: np.ndarray, before: np.ndarray, after: np.ndarray) -> Clustering:
    """Give vectors the clusters that a person wants.

    Centres, distances and confidence are computed anew. Clusters keep the order of their numbers, and gaps close.

    Parameters
    ----------
    parent : Clustering
        What is corrected.
    vectors : float32 array of shape (n, d)
    before : int array of shape (n,)
        The cluster of each vector in `parent`; -1 is noise.
    after : int array of shape (n,)
        The wanted one: at least -1, with gaps where a cluster has lost all.

    Returns
    -------
    Clustering
        Confidence is 1 - d_own / d_other (see `nearest.margins`).

    Raises
    ------
    DataError
        If no cluster is left.

    Examples
    --------
    >>> from autoencoder.clustering import fit
    >>> vectors = np.array([[0, 0], [0, 1], [5, 0], [5, 1], [9, 0]], np.float32)
    >>> parent = fit(vectors, "kmeans", 3, 1)
    >>> merged = np.where(parent.labels == 2, 0, parent.labels)
    >>> correct(parent, vectors, parent.labels, merged).k
    2
    """
    numbers = kept_numbers(after)
    if not len(numbers):
        raise DataError("no cluster is left: every image was marked as belonging to none")
    labels = np.where(after < 0, NOISE, np.searchsorted(numbers, after)).astype(np.int32)
    centers = means_of(vectors, labels, len(numbers))
    arrays = _parts(vectors, before, labels) | {_PARENT + name: getattr(parent, name) for name in _OWN}
    arrays |= {_PARENT + name: array for name, array in parent.arrays.items()}
    settings = {"parent": {"method": parent.method, "k": parent.k, "settings": parent.settings}}
    assigned = margins(vectors, centers, labels)
    return Clustering(CORRECTED, len(numbers), *assigned, centers=centers, arrays=arrays, settings=settings)


def kept_numbers(after: np.ndarray) -> np.ndarray:
    """Return the numbers that have members, rising; the place of each is its number in the corrected clustering."""
    return np.unique(after[after >= 0])


def _parts(vectors: np.ndarray, before: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Say which parts the former clusters fell into, where each part went, and where its centre is."""
    pairs, part = np.unique(np.column_stack([before, labels]), axis=0, return_inverse=True)
    origins, goals = pairs.astype(np.int32).T.copy()
    return {"part_centers": means_of(vectors, part.ravel(), len(pairs)), "part_from": origins, "part_to": goals}


def parent_of(clustering: Clustering) -> Clustering:
    """Return the clustering that was corrected, as it is kept inside the corrected one.

    Raises
    ------
    ModelFileError
        If it is not all there.
    """
    arrays = {
        name.removeprefix(_PARENT): array for name, array in clustering.arrays.items() if name.startswith(_PARENT)
    }
    about = clustering.settings.get("parent")
    lost = [name for name in _OWN if name not in arrays]
    if lost or not isinstance(about, dict) or not {"method", "k", "settings"} <= about.keys():
        raise ModelFileError("a corrected clustering lacks the one that it was made from: correct again")
    own = {name: arrays.pop(name) for name in _OWN}
    return Clustering(about["method"], about["k"], **own, arrays=arrays, settings=about["settings"])


def method_of(clustering: Clustering) -> str:
    """Return the method by which clusters were found, before a person corrected them."""
    return method_of(parent_of(clustering)) if clustering.method == CORRECTED else clustering.method


def follow(clustering: Clustering, vectors: np.ndarray, home: np.ndarray) -> Assignment:
    """Place vectors by their clusters in the former clustering, `home`, and by what became of these.

    A cluster that was split has several parts; the one with the nearest centre counts. Noise stays noise. What was
    taken out of a cluster draws no new vector out of it, unless nothing else is left of the cluster.
    """
    origins, goals = clustering.arrays["part_from"], clustering.arrays["part_to"]
    labels = np.full(len(vectors), NOISE, np.int32)
    for cluster in np.unique(home[home >= 0]):
        rows = np.flatnonzero(home == cluster)
        parts = np.flatnonzero(origins == cluster)
        chosen = parts[goals[parts] >= 0] if (goals[parts] >= 0).any() or not len(parts) else parts
        if len(chosen):
            nearest = margins(vectors[rows], clustering.arrays["part_centers"][chosen]).labels
            labels[rows] = goals[chosen][nearest]
        else:  # all of the cluster's images were gone when it was corrected
            labels[rows] = margins(vectors[rows], clustering.centers).labels
    return margins(vectors, clustering.centers, labels)
