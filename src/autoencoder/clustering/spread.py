"""Spread a few labels over the neighbours of many vectors."""

import warnings
from typing import NamedTuple

import numpy as np

from .projection import FEWEST, project_umap

COMPONENTS = 10
NEIGHBOURS = 15
#: The share of its label that a vector takes from its neighbours; few labels must travel far.
TAKEN = 0.99
STEPS = 300


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
        From 0 on.
    vectors : float32 array of shape (n, d)
    seed : int

    Returns
    -------
    Spread
        Confidence is the share of a vector's own class in all that arrived there.

    References
    ----------
    Zhou, Bousquet, Lal, Weston & Schölkopf 2004, Learning with local and global consistency, NIPS.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.semi_supervised import LabelSpreading

    together = np.concatenate([known, vectors])
    if len(together) >= FEWEST:
        together = project_umap(together, COMPONENTS, NEIGHBOURS, 0.0, seed)
    near = min(NEIGHBOURS, len(together) - 1)
    model = LabelSpreading(kernel="knn", n_neighbors=near, alpha=TAKEN, max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the labels settle long before the figures do
        model.fit(together, np.concatenate([classes, np.full(len(vectors), -1)]))
    shares = np.nan_to_num(model.label_distributions_[len(known) :])
    return Spread(model.classes_[shares.argmax(axis=1)], shares.max(axis=1))
