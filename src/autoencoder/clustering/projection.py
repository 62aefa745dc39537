"""Projections of embeddings: UMAP and principal components."""

import warnings

import numpy as np

from ..errors import DataError
from ..metrics.pca import fit_pca
from ..progress import stage
from ..tensorflow_start import hidden
from .nearest import neighbours

FEWEST = 4
# Past this width, or this many rows, a search tree is no faster than UMAP's own approximate search.
_TREE_WIDTH = 16
_EXACT_BELOW = 4096


def project_umap(
    vectors: np.ndarray, components: int = 2, near: int = 15, min_dist: float = 0.1, seed: int = 0
) -> np.ndarray:
    """Project by UMAP; one seed gives the same coordinates every time, at the price of a single thread.

    Parameters
    ----------
    vectors : float32 array of shape (n, d), n at least 4
    components : int
        Width of the result.
    near : int
        Neighbours that shape the graph; cut to n - 1.
    min_dist : float
        How close points may lie, in units of the result; 0 packs clusters tightest.
    seed : int

    Returns
    -------
    float32 array of shape (n, components)

    Raises
    ------
    DataError
        If there are fewer than four vectors.

    References
    ----------
    McInnes, Healy & Melville 2018, arXiv:1802.03426.
    """
    if len(vectors) < FEWEST:
        raise DataError(
            f"UMAP needs at least {FEWEST} images, but there are {len(vectors)}: take another method, such as kmeans"
        )
    with stage("projecting by UMAP"), warnings.catch_warnings():
        # UMAP's own transform is not used; islands in the graph are what clusters look like; and a random start
        # where the spectral one fails is UMAP's documented way on.
        for known_remark in (r"precomputed_knn\[2\]", r"A (few|large number) of your vert", "Spectral initialisation"):
            warnings.filterwarnings("ignore", known_remark, UserWarning)
        return _project(vectors, components, near, min_dist, seed)


def _project(vectors: np.ndarray, components: int, near: int, min_dist: float, seed: int) -> np.ndarray:
    # For a kind of UMAP that is not used here it would start TensorFlow, seconds and half a gigabyte.
    with hidden(("tensorflow",)), warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)
        from umap import UMAP

    near = min(near, len(vectors) - 1)
    # The spectral start needs more points than eigenvectors.
    start = "spectral" if len(vectors) > components + 2 else "random"
    known = {"precomputed_knn": _graph(vectors, near)} if _tree_is_faster(vectors) else {}
    model = UMAP(near, components, min_dist=min_dist, init=start, random_state=seed, n_jobs=1, **known)
    return np.asarray(model.fit_transform(vectors), dtype=np.float32)


def _tree_is_faster(vectors: np.ndarray) -> bool:
    return vectors.shape[1] < _TREE_WIDTH and len(vectors) >= _EXACT_BELOW


def _graph(vectors: np.ndarray, near: int) -> tuple[np.ndarray, np.ndarray, None]:
    distances, rows = neighbours(vectors, vectors, near)
    return rows.astype(np.int32), distances.astype(np.float32), None


def project_pca(vectors: np.ndarray, components: int = 2) -> np.ndarray:
    """Project on the principal components, each with the sign that makes its largest weight positive.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    components : int
        At most n and d; where the vectors have fewer, the missing columns are 0.

    Returns
    -------
    float32 array of shape (n, components)
        Columns by falling variance.
    """
    centred = (vectors - vectors.mean(axis=0, dtype=np.float64)).astype(np.float64)
    axes = fit_pca(centred, min(components, *vectors.shape)).components_.T
    axes = axes * np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=0)[None], 0))
    result = np.zeros((len(vectors), components), np.float32)
    result[:, : axes.shape[1]] = centred @ axes
    return result
