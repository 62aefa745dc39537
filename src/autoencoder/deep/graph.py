"""A graph of images that look alike: a second opinion on clusters, independent of any network."""

from __future__ import annotations

import numpy as np
import scipy.sparse

from ..training.contrast import partners

NEIGHBOURS = 10


def neighbour_graph(pixels: np.ndarray) -> scipy.sparse.csr_array:
    """Join each image, both ways, with the ten that look most alike: near in the pixels' principal components.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels)

    Returns
    -------
    sparse float32 array of shape (n, n)
        Symmetric; 1 for a link.
    """
    near = partners(pixels, min(NEIGHBOURS, len(pixels) - 1))[:, 1:]
    count, width = near.shape
    rows = np.repeat(np.arange(count), width)
    one_way = scipy.sparse.csr_array((np.ones(rows.size, np.float32), (rows, near.ravel())), shape=(count, count))
    return one_way.maximum(one_way.T).tocsr()


def smoothed(assignments: np.ndarray, graph: scipy.sparse.csr_array, steps: int) -> np.ndarray:
    """Average assignments, float32 (n, k), with the mean of the neighbours', `steps` times over.

    References
    ----------
    Zhou, Bousquet, Lal, Weston & Schölkopf 2004, Learning with local and global consistency, NIPS.
    """
    shares = scipy.sparse.diags_array((1 / graph.sum(axis=1)).astype(np.float32)) @ graph
    for _ in range(steps):
        assignments = 0.5 * assignments + 0.5 * (shares @ assignments)
    return assignments


def modularity(labels: np.ndarray, graph: scipy.sparse.csr_array) -> float:
    """Say how much more of the graph's links lie inside clusters than if links were drawn at random.

    Parameters
    ----------
    labels : int array of shape (n,)
    graph : symmetric sparse array of shape (n, n)

    Returns
    -------
    float
        Below 1; 0 for one cluster of everything.

    References
    ----------
    Newman & Girvan 2004, arXiv:cond-mat/0308217, equation 5.
    """
    links = graph.tocoo()
    inside = links.data[labels[links.row] == labels[links.col]].sum() / links.data.sum()
    ends = np.bincount(labels, weights=graph.sum(axis=1)) / links.data.sum()
    return float(inside - (ends**2).sum())
