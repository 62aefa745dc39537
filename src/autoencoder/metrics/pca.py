"""Principal components, fitted by the solver that suits the rows: the one PCA of the program."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..sampling import evenly_spread

#: Covariances or inner products up to this side are solved exactly in about a second.
EXACT_SIDE = 1024
#: Images of so many values at most are all used by `fit_pca_of_images`: their covariance takes 128 MiB.
EXACT_VALUES = 4096
#: Of larger images a sample of so many values: 0.5 GiB as floats.
SAMPLE_VALUES = 2**27
#: So many values are taken to floats at once.
BLOCK_VALUES = 2**22
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


def fit_pca_of_images(images: Any, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Fit principal components to images of any number and size, in [0, 1].

    Images of at most `EXACT_VALUES` values are all used, and the components are exact; of larger ones as many as take
    `SAMPLE_VALUES` values, evenly spread.

    Parameters
    ----------
    images : uint8 array of shape (n, height, width, channels), or what is cut like one
    width : int
        Components; no more than there are values in an image, or one less than images, are found.
    seed : int
        Of the randomized solver.

    Returns
    -------
    mean, components : float32 arrays of shape (values,) and (found, values)
    """
    values = int(np.prod(images.shape[1:]))
    if values > EXACT_VALUES:
        count = min(len(images), max(2, SAMPLE_VALUES // values))
        rows = _flat(images[evenly_spread(len(images), count, nearest=True)])
        fitted = fit_pca(rows, min(width, count - 1, values), seed)
        return fitted.mean_.astype(np.float32), fitted.components_.astype(np.float32)
    total, products = np.zeros(values), np.zeros((values, values))
    mean = _flat(images[0:1])[0].astype(np.float64)  # near enough to the mean for the sums to stay small
    step = max(1, BLOCK_VALUES // values)
    for start in range(0, len(images), step):
        block = _flat(images[start : start + step]) - mean.astype(np.float32)
        total += block.sum(axis=0, dtype=np.float64)
        products += block.T @ block
    shift = total / len(images)
    _, directions = np.linalg.eigh(products / len(images) - np.outer(shift, shift))
    found = min(width, values, max(1, len(images) - 1))
    return (mean + shift).astype(np.float32), directions[:, ::-1][:, :found].T.astype(np.float32)


def _flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
