"""The map of a set of embeddings: places in two dimensions, kept, because they take the longest of all."""

from __future__ import annotations

import hashlib
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ..clustering.nearest import neighbours
from ..clustering.projection import FEWEST, project_pca, project_umap
from ..sampling import evenly_spread
from ..storage import run as run_folder
from ..storage.kept import DAMAGED, keep_file

#: Of more vectors so many, evenly spread, are projected by UMAP.
PICTURED = 20_000
#: The other vectors stand at the mean of so many of the projected ones that are nearest to them.
_NEAREST = 3


def pictured(vectors: np.ndarray) -> np.ndarray:
    """Return the rows of the vectors that are projected."""
    return evenly_spread(len(vectors), PICTURED)


def umap_points(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Project vectors by UMAP, or take what was found for the same ones before.

    Parameters
    ----------
    vectors : float32 array of shape (n, d), n at least 4
    seed : int

    Returns
    -------
    float32 array of shape (n, 2)
    """
    digest = hashlib.sha256(f"umap {version('umap-learn')} {vectors.shape} {seed}\0".encode())
    digest.update(np.ascontiguousarray(vectors, np.float32).data)
    path = run_folder.CACHE / f"umap_{digest.hexdigest()[:32]}.npy"
    points = _kept(path, len(vectors))
    if points is None:
        points = project_umap(vectors, 2, seed=seed)
        kept = partial(np.save, arr=points, allow_pickle=False)
        keep_file(path, kept, "the map will be computed again the next time")
    return points


def map_points(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Place vectors on a map: by UMAP, or by principal components where they are too few.

    Of many vectors some are projected; each other one stands amid those of them that are nearest to it.

    Parameters
    ----------
    vectors : float32 array of shape (n, d), n at least 1
    seed : int

    Returns
    -------
    float32 array of shape (n, 2)
    """
    rows = pictured(vectors)
    if len(rows) < FEWEST:
        return project_pca(vectors, 2)
    points = umap_points(vectors[rows], seed)
    if len(rows) == len(vectors):
        return points
    placed = np.empty((len(vectors), 2), np.float32)
    _, near = neighbours(vectors[rows], vectors, _NEAREST)
    placed[:] = points[near].mean(axis=1)
    placed[rows] = points
    return placed


def _kept(path: Path, count: int) -> np.ndarray | None:
    try:
        points = np.load(path, allow_pickle=False)
    except DAMAGED:
        return None
    whole = points.shape == (count, 2) and points.dtype == np.float32 and bool(np.isfinite(points).all())
    return points if whole else None
