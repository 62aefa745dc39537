"""Fit principal components part by part: images are shared out among parts, each with components of its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..clustering import kmeans
from ..metrics.pca import fit_pca_of_images
from .pixels import Pixels

#: Parts are sought among so many components of all images, or four times those of a part if that is more.
SPACE = 400
#: Of these so many leading ones, by which k-means makes the parts to begin with.
LEADING = 30
ROUNDS = 12
#: Rounds end where fewer than this share of the images change their part.
SETTLED = 0.005
#: Each part's covariance is drawn to that of all images as if it had so many images more, spread as all are.
PRIOR = 500
_BLOCK = 4096


class LocalPca(NamedTuple):
    """Parts of the image space: float32 arrays.

    center : (values,), the mean of all images
    means : (parts, values), from the center
    components : (parts, width, values), orthonormal within a part, and turned to those of all images
    """

    center: np.ndarray
    means: np.ndarray
    components: np.ndarray


def fit_local_pca(pixels: Pixels, width: int, parts: int, seed: int, *, mirrored: bool = False) -> LocalPca:
    """Fit a PCA in each of some parts; the parts are what the fewest errors are left by.

    Parameters
    ----------
    pixels : uint8 array of shape (n, height, width, channels), or what is cut like one
    width : int
        Components a part; no more than there are in all images.
    parts : int
    seed : int
    mirrored : bool
        Whether mirror images are learned too.

    References
    ----------
    Kambhatla & Leen 1997, Neural Computation 9(7), section 3.2 (reconstruction distance).
    """
    center, axes = fit_pca_of_images(pixels, max(SPACE, 4 * width), seed)
    width = min(width, len(axes))
    rows = _coordinates(pixels, center, axes, mirrored)
    everywhere = rows.T @ rows / len(rows)
    labels = kmeans.fit(rows[:, :LEADING], min(parts, len(rows)), seed).labels
    for _ in range(ROUNDS):
        found = [_fitted(rows[labels == part], everywhere, width) for part in np.unique(labels)]
        errors = np.stack([_error(rows, *each) for each in found], axis=1)
        before, labels = labels, errors.argmin(axis=1)
        if (before != labels).mean() < SETTLED:
            break
    found += found[:1] * (parts - len(found))  # in place of parts that no image is left in
    means = np.stack([mean for mean, _ in found]) @ axes
    return LocalPca(center, means, np.stack([_turned(own) @ axes for _, own in found]))


def _coordinates(pixels: Pixels, center: np.ndarray, axes: np.ndarray, mirrored: bool) -> np.ndarray:
    """Return images, and their mirror images behind them, as coordinates; float32 of shape (n or 2n, axes)."""
    parts = []
    for flip in (False, True) if mirrored else (False,):
        for start in range(0, len(pixels), _BLOCK):
            block = pixels[start : start + _BLOCK]
            block = block[:, :, ::-1] if flip else block
            parts.append((block.reshape(len(block), -1) / np.float32(255) - center) @ axes.T)
    return np.concatenate(parts)


def _fitted(rows: np.ndarray, everywhere: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a part's mean (axes,) and components (width, axes)."""
    mean = rows.mean(axis=0)
    centered = rows - mean
    covariance = (centered.T @ centered + PRIOR * everywhere) / (len(rows) + PRIOR)
    return mean, np.linalg.eigh(covariance.astype(np.float64))[1][:, ::-1][:, :width].T.astype(np.float32)


def _error(rows: np.ndarray, mean: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Return the squared error that a part's components leave of each row."""
    centered = rows - mean
    result: np.ndarray = np.square(centered).sum(axis=1) - np.square(centered @ components.T).sum(axis=1)
    return result


def _turned(components: np.ndarray) -> np.ndarray:
    """Turn a part's components within their span to the leading axes as far as they go (orthogonal Procrustes)."""
    left, _, right = np.linalg.svd(components[:, : len(components)].T.astype(np.float64), full_matrices=False)
    return (left @ right @ components).astype(np.float32)
