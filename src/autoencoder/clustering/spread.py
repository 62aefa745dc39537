"""Spread a few labels over the neighbours of many vectors."""

from typing import NamedTuple

import numpy as np
import scipy.sparse
from scipy.sparse.linalg import cg

from .nearest import neighbours
from .projection import FEWEST, project_umap

COMPONENTS = 10
NEIGHBOURS = 15
#: The share of its label that a vector takes from its neighbours, alpha of Zhou et al.: few labels must travel far.
TAKEN = 0.999
_PRECISION = 1e-8


class Spread(NamedTuple):
    """Labels that were spread: `labels` int (n,), and `confidence` float (n,) in [0, 1]; 0 where none arrived."""

    labels: np.ndarray
    confidence: np.ndarray


def spread(known: np.ndarray, classes: np.ndarray, vectors: np.ndarray, seed: int) -> Spread:
    """Spread the classes of known vectors to others, along neighbours in the UMAP of all.

    Packed tightly (min_dist 0), UMAP parts what lies apart, so that labels seldom cross from class to class.

    Parameters
    ----------
    known : float32 array of shape (m, d)
    classes : int array of shape (m,)
    vectors : float32 array of shape (n, d)
    seed : int

    Returns
    -------
    Spread
        Confidence is the share of a vector's own class in all that arrived there.
    """
    together = np.concatenate([known, vectors])
    if len(together) >= FEWEST:
        together = project_umap(together, COMPONENTS, NEIGHBOURS, 0.0, seed)
    names, codes = np.unique(classes, return_inverse=True)
    given = np.zeros((len(together), len(names)), np.float32)
    given[np.arange(len(known)), codes] = 1
    arrived = diffuse(given, together)[len(known) :]
    total = arrived.sum(axis=1, keepdims=True)
    shares = np.divide(arrived, total, out=np.zeros_like(arrived), where=total > 0)
    return Spread(names[shares.argmax(axis=1)], shares.max(axis=1))


def diffuse(given: np.ndarray, points: np.ndarray, taken: float = TAKEN) -> np.ndarray:
    """Let what is given to some points settle on a graph that joins each point with its nearest ones.

    Parameters
    ----------
    given : float array of shape (n, k)
    points : float32 array of shape (n, d)
    taken : float in (0, 1)
        What a point takes from its neighbours, and not from what it was given.

    Returns
    -------
    float64 array of shape (n, k)
        F with (1 - taken S) F = (1 - taken) Y, not below 0, where S is the graph's normalised adjacency.

    References
    ----------
    Zhou, Bousquet, Lal, Weston & Schölkopf 2004, Learning with local and global consistency, NIPS, equation 4.
    """
    count = len(points)
    near = neighbours(points, points, min(NEIGHBOURS + 1, count))[1]
    links = scipy.sparse.csr_array(
        (np.ones(near.size), (np.repeat(np.arange(count), near.shape[1]), near.ravel())), shape=(count, count)
    )
    links = links.maximum(links.T)
    links.setdiag(0)
    degree = scipy.sparse.diags_array(1 / np.sqrt(np.maximum(links.sum(axis=1), 1)))
    system = (scipy.sparse.eye_array(count) - taken * (degree @ links @ degree)).tocsr()
    columns = [cg(system, (1 - taken) * column, rtol=_PRECISION)[0] for column in given.T.astype(float)]
    return np.maximum(np.column_stack(columns), 0)
