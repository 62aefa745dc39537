"""How strange each of many vectors is, and how far its label is from those of its neighbours."""

from typing import NamedTuple

import numpy as np

#: So many neighbours are asked.
NEIGHBOURS = 15


def strangeness(distances: np.ndarray) -> np.ndarray:
    """Score how strange each vector is: by its mean distance to its nearest neighbours.

    Parameters
    ----------
    distances : float array of shape (n, count), count at least 1
        To its nearest others, as `nearest.other_neighbours` gives them.

    Returns
    -------
    float64 array of shape (n,)
        At least 0; the higher, the stranger.

    References
    ----------
    Angiulli & Pizzuti 2002, Fast outlier detection in high dimensional spaces, section 2: the weight of a point. It is
    among the best of the simple scores in Campos et al. 2016, On the evaluation of unsupervised outlier detection.

    Examples
    --------
    >>> strangeness(np.array([[1.0, 2.0], [4.0, 6.0]]))
    array([1.5, 5. ])
    """
    return np.asarray(distances, np.float64).mean(axis=1)


class Disagreement(NamedTuple):
    """What its neighbours say of the label of each of n vectors.

    Attributes
    ----------
    scores : float64 array of shape (n,)
        The weight of the neighbours that have another label: from 0, all agree, to 1.
    proposed : int array of shape (n,)
        The class that has the most weight among the neighbours; of two, the lower number.
    weights : float64 array of shape (n,)
        The weight of that class, up to 1, where all neighbours say the same.
    """

    scores: np.ndarray
    proposed: np.ndarray
    weights: np.ndarray

    def order(self) -> np.ndarray:
        """Return the rows, the most suspicious first; of two scores the one whose neighbours are more of one mind."""
        return np.lexsort((-self.weights, -self.scores))


def disagreement(labels: np.ndarray, rows: np.ndarray, weights: np.ndarray) -> Disagreement:
    """Score how many of its neighbours disagree with the label of each vector, and what they say instead.

    Parameters
    ----------
    labels : int array of shape (n,)
        Classes, numbered from 0 on.
    rows : int array of shape (n, count)
        Of its nearest others.
    weights : float array of shape (n, count)
        Of each neighbour's vote; rows sum to 1.

    Returns
    -------
    Disagreement

    References
    ----------
    Wilson 1972, Asymptotic properties of nearest neighbor rules using edited data: a label that its neighbours
    outvote is left out.

    Examples
    --------
    >>> found = disagreement(np.array([0, 1, 1]), np.array([[1, 2], [2, 0], [1, 0]]), np.full((3, 2), 0.5))
    >>> found.scores, found.proposed
    (array([1. , 0.5, 0.5]), array([1, 0, 0]))
    """
    every = np.arange(len(labels))
    votes = np.zeros((len(labels), int(labels.max()) + 1))
    np.add.at(votes, (every[:, None], labels[rows]), weights)
    scores = np.clip(1.0 - votes[every, labels], 0.0, 1.0).round(12)  # of weights that sum to 1 but for the last digit
    return Disagreement(scores, votes.argmax(axis=1), votes.max(axis=1))
