"""Clustering, the value that every method returns, and how clusters are numbered."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

NOISE = -1


class Assignment(NamedTuple):
    """Where each vector belongs.

    Attributes
    ----------
    labels : int32 array of shape (n,)
        0 to k - 1; -1 is noise.
    distances : float32 array of shape (n,)
        Euclidean distance to the own cluster's centre; of noise, to the nearest centre.
    confidence : float32 array of shape (n,)
        0 (could as well be elsewhere) to 1 (certain); each method says what it measures.
    second : int32 array of shape (n,)
        The second-best cluster; of noise, the nearest one.
    """

    labels: np.ndarray
    distances: np.ndarray
    confidence: np.ndarray
    second: np.ndarray


@dataclass(frozen=True, eq=False)
class Clustering:
    """Clusters of one set of vectors, with all that is needed to assign others.

    Attributes
    ----------
    method : str
        Key of `METHODS`.
    k : int
        Number of clusters found. Clusters are numbered by falling size: 0 is the largest.
    labels, distances, confidence, second : arrays of shape (n,)
        As in `Assignment`.
    centers : float32 array of shape (k, d)
        Centre of each cluster in the space of the vectors; `distances` are measured to them.
    arrays : dict of str to array
        What the method needs, besides `centers`, to assign new vectors.
    settings : dict
        How the clusters were found; holds only what JSON can hold.
    """

    method: str
    k: int
    labels: np.ndarray
    distances: np.ndarray
    confidence: np.ndarray
    second: np.ndarray
    centers: np.ndarray
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


def order_by_size(labels: np.ndarray) -> np.ndarray:
    """List the clusters that have members, largest first; of equal ones, the first to appear.

    Parameters
    ----------
    labels : int array of shape (n,)
        Raw labels, none above n in number; negative ones are noise and are left out.

    Returns
    -------
    int array of shape (k,)
        Raw labels in their new order: `order[0]` becomes cluster 0.
    """
    raw, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    found = raw >= 0
    return raw[found][np.lexsort((first[found], -sizes[found]))]


def renumber(labels: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Replace each raw label by its place in `order` (see `order_by_size`); others become noise.

    Returns
    -------
    int32 array of shape (n,)
    """
    places = np.full(max(int(labels.max()), int(order.max())) + 1, NOISE, np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return np.where(labels >= 0, places[np.maximum(labels, 0)], NOISE).astype(np.int32)


def renumber_assignment(assigned: Assignment, order: np.ndarray) -> Assignment:
    """Replace labels and second-best clusters by their places in `order` (see `order_by_size`)."""
    return assigned._replace(labels=renumber(assigned.labels, order), second=renumber(assigned.second, order))


def means_of(vectors: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """Average the vectors of each cluster; noise belongs to none.

    Returns
    -------
    float32 array of shape (k, d)
    """
    means = [vectors[labels == cluster].mean(axis=0, dtype=np.float64) for cluster in range(k)]
    return np.stack(means).astype(np.float32)
