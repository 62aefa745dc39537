"""Principal components, fitted by the solver that suits the rows: the one PCA of the program."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Covariances or inner products up to this side are solved exactly in about a second.
EXACT_SIDE = 1024
#: Narrower than this share of the smaller side, a randomized solver is as good and much faster.
_NARROW = 0.1


def is_narrow(width: int, smaller: int) -> bool:
    """Whether so many components of a matrix, the smaller of whose sides is given, call for a randomized solver."""
    return smaller > EXACT_SIDE and width < _NARROW * smaller


def fit_pca(rows: np.ndarray, width: int, seed: int = 0) -> Any:
    """Fit principal components by the solver that takes the least memory for so many of them.

    What is square has the smaller of the two sides, so that it never takes more than the rows themselves do.

    Parameters
    ----------
    rows : float array of shape (n, d)
    width : int
        Components, at most n and d.
    seed : int
        Of the randomized solver, which serves few components of many long rows; elsewhere the PCA is exact.

    Returns
    -------
    sklearn.decomposition.PCA

    References
    ----------
    Halko, Martinsson & Tropp 2011, arXiv:0909.4061 (the randomized solver).
    """
    from sklearn.decomposition import PCA  # slow to import

    smaller = min(rows.shape)
    if is_narrow(width, smaller):
        solver = "randomized"
    else:
        # The covariance is d x d; of fewer rows than columns the rows themselves are taken apart.
        solver = "covariance_eigh" if rows.shape[1] <= rows.shape[0] else "full"
    with np.errstate(divide="ignore", invalid="ignore"):  # rows that are all equal have no variance to share out
        return PCA(width, svd_solver=solver, random_state=seed).fit(rows)
