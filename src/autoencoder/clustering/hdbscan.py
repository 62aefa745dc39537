"""HDBSCAN: dense groups of any shape, however many there are; the rest is noise."""

import numpy as np

from ..errors import DataError
from ..sampling import drawn
from .clustering import NOISE, Assignment, Clustering, means_of, order_by_size, renumber, renumber_assignment
from .method import KNOWN, Method, Rule
from .nearest import margins, neighbours

SAMPLE = 20_000
NEIGHBOURS = 5
_SMALLEST_SHARE = 0.01


def fit(vectors: np.ndarray, k: int | None, seed: int) -> Clustering:
    """Cluster by density. A cluster holds at least 1% of the images, and at least 5.

    Past 20,000 rows a sample is clustered and the other rows are assigned to it like new ones.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    k : None
        The method finds the number itself.
    seed : int
        Chooses the sample, where there is one.

    Returns
    -------
    Clustering
        Confidence is HDBSCAN's membership probability, 0 for noise (label -1).

    Raises
    ------
    DataError
        If no group is dense enough, so that all would be noise.

    References
    ----------
    Campello, Moulavi & Sander 2013, Density-based clustering based on hierarchical density estimates.
    """
    from sklearn.cluster import HDBSCAN

    size = min(len(vectors), SAMPLE)
    known = vectors[drawn(len(vectors), SAMPLE, seed)]
    smallest, near = max(5, round(_SMALLEST_SHARE * size)), min(NEIGHBOURS, size)
    search = HDBSCAN(min_cluster_size=min(smallest, size), min_samples=near, n_jobs=-1, copy=True).fit(known)
    order = order_by_size(search.labels_)
    if not len(order):
        raise DataError(
            f"hdbscan found no dense group of at least {smallest} among {size} images, only noise: take another method"
        )
    labels = renumber(search.labels_, order)
    arrays = {
        "known": known,
        "known_labels": labels,
        "known_confidence": search.probabilities_.astype(np.float32),
        "reach": _reach(known, labels, len(order), near),
    }
    centers = means_of(known, labels, len(order))
    assigned = _assign(arrays, centers, vectors)
    # Sizes in the sample and in all can rank differently.
    order = order_by_size(assigned.labels)
    arrays |= {"known_labels": renumber(labels, order), "reach": arrays["reach"][order]}
    settings = {"seed": seed, "sample": size, "min_cluster_size": smallest, "min_samples": near}
    assigned = renumber_assignment(assigned, order)
    return Clustering("hdbscan", len(order), *assigned, centers=centers[order], arrays=arrays, settings=settings)


def assign(clustering: Clustering, vectors: np.ndarray) -> Assignment:
    """Give each vector the label and confidence of the nearest known one.

    It is noise where that one is, and where it lies farther off than any member of the cluster from its own
    neighbours.

    Parameters
    ----------
    clustering : Clustering
    vectors : float32 array of shape (n, d)

    Returns
    -------
    Assignment
    """
    return _assign(clustering.arrays, clustering.centers, vectors)


def _reach(known: np.ndarray, labels: np.ndarray, k: int, near: int) -> np.ndarray:
    core = neighbours(known, known, near)[0][:, -1]
    return np.array([core[labels == cluster].max() for cluster in range(k)], np.float32)


def _assign(arrays: dict[str, np.ndarray], centers: np.ndarray, vectors: np.ndarray) -> Assignment:
    distances, rows = (each[:, 0] for each in neighbours(arrays["known"], vectors, 1))
    labels, confidence = arrays["known_labels"][rows], arrays["known_confidence"][rows]
    labels = np.where(distances <= arrays["reach"][np.maximum(labels, 0)], labels, NOISE)
    assigned = margins(vectors, centers, labels)
    return assigned._replace(confidence=np.where(labels == NOISE, np.float32(0), confidence))


METHOD = Method(
    fit,
    assign,
    {
        "known": KNOWN,
        "known_labels": Rule("m", True, NOISE, below="k"),
        "known_confidence": Rule("m", least=0, most=1.001),
        "reach": Rule("k", least=0),
    },
    takes_k=False,
)
