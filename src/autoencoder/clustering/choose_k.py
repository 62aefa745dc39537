"""How many clusters: a range with its curves, from silhouettes in UMAP's space."""

from typing import NamedTuple

import numpy as np

from ..errors import UsageError
from .kmeans import find_centers
from .nearest import margins
from .projection import project_umap
from .threads import one_blas_thread
from .vectors import check_different, check_k, check_vectors

SAMPLE = 7_000
PROJECTIONS = 3
_STARTS = 20
_COMPONENTS, _NEIGHBOURS = 10, 20
# A peak lower than this share of the highest is of slivers; one that rises less is within the luck of the starts.
_LOWEST_SHARE = 0.85
_LEAST_RISE = 0.0125
_BLOCK = 1000


class Proposal(NamedTuple):
    """How many clusters there may be.

    Attributes
    ----------
    ks : tuple of int
        The numbers tried, rising.
    silhouette, davies_bouldin : tuple of float
        The curves over `ks`, means of three projections. High silhouettes and low Davies-Bouldin scores are good.
        UMAP inflates both: compare along a curve, never between sets of vectors.
    low, high : int
        The range: from the coarsest to the finest grouping that either curve marks.
    best : int
        The finest grouping that the silhouettes mark clearly; the median of three projections.
    sample : int
        Vectors in each projection.
    """

    ks: tuple[int, ...]
    silhouette: tuple[float, ...]
    davies_bouldin: tuple[float, ...]
    low: int
    high: int
    best: int
    sample: int


def propose_k(vectors: np.ndarray, k_min: int = 2, k_max: int = 20, seed: int = 0) -> Proposal:
    """Propose a number of clusters.

    Three samples of at most 7,000 vectors are projected by UMAP (10 components, 20 neighbours, min_dist 0) and
    clustered by k-means for every k. Kinds that resemble each other lie near each other there, so the highest
    silhouette marks groups of kinds (in MNIST, 4 with 7 and 9); the kinds themselves show as a second peak at a larger
    k. So the proposal is the finest clear peak and the range reaches from the coarsest to the finest one.

    Parameters
    ----------
    vectors : array of shape (n, d)
    k_min, k_max : int
        Smallest and largest number to try; k_max at most n - 1, since a silhouette of single vectors is none.
    seed : int

    Returns
    -------
    Proposal

    Raises
    ------
    UsageError
        If `k_min` or `k_max` is outside its range, or they leave nothing to choose from.
    DataError
        If the vectors are not finite, or fewer than `k_max` of them are different.

    References
    ----------
    Rousseeuw 1987, Silhouettes; Davies & Bouldin 1979, A cluster separation measure.
    """
    clean = check_vectors(vectors)
    check_k(k_min, len(clean))
    check_k(k_max, len(clean))
    size = min(len(clean), SAMPLE)
    if not k_min < k_max < size:
        raise UsageError(
            f"k_min must be below k_max, and k_max below {size}, the number of images looked at, "
            f"but they are {k_min} and {k_max}"
        )
    check_different(clean, k_max)
    ks = np.arange(k_min, k_max + 1)
    with one_blas_thread():
        spaces = [_space(clean, size, each) for each in range(seed, seed + PROJECTIONS)]
        pairs = [score_curves(space, ks, seed) for space in spaces]
    return propose_from_curves(ks, [pair[0] for pair in pairs], [pair[1] for pair in pairs], size)


def _space(vectors: np.ndarray, size: int, seed: int) -> np.ndarray:
    seed %= 2**32
    rows = np.sort(np.random.default_rng(seed).choice(len(vectors), size, replace=False))
    return project_umap(vectors[rows], _COMPONENTS, _NEIGHBOURS, 0.0, seed)


def score_curves(points: np.ndarray, ks: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Score k-means for each number of clusters.

    Parameters
    ----------
    points : float32 array of shape (n, d)
    ks : int array of shape (m,)
    seed : int

    Returns
    -------
    silhouette : float64 array of shape (m,)
        Mean over all points.
    davies_bouldin : float64 array of shape (m,)
    """
    from sklearn.metrics import davies_bouldin_score

    labelings = [margins(points, find_centers(points, int(k), seed, _STARTS)[0]).labels for k in ks]
    return _silhouettes(points, labelings), np.array([davies_bouldin_score(points, each) for each in labelings])


def _silhouettes(points: np.ndarray, labelings: list[np.ndarray]) -> np.ndarray:
    # All labelings at once: the distances, which take the time and the memory, are then needed only once.
    members = [np.eye(labels.max() + 1, dtype=np.float32)[labels] for labels in labelings]
    edges = np.cumsum([0, *(each.shape[1] for each in members)])
    every, totals = np.hstack(members), np.zeros(len(labelings))
    moved = points - points.mean(axis=0)
    squares = np.square(moved).sum(axis=1)
    for start in range(0, len(points), _BLOCK):
        rows = slice(start, start + _BLOCK)
        distances = squares[rows, None] + squares - 2.0 * (moved[rows] @ moved.T)
        np.sqrt(np.maximum(distances, 0.0, out=distances), out=distances)
        own = np.arange(len(distances))
        distances[own, start + own] = 0.0
        sums = distances @ every
        for index, (labels, member) in enumerate(zip(labelings, members, strict=True)):
            totals[index] += _widths(sums[:, edges[index] : edges[index + 1]], labels[rows], member.sum(axis=0)).sum()
    return totals / len(points)


def _widths(sums: np.ndarray, labels: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    every, alone = np.arange(len(labels)), sizes[labels] == 1
    inside = sums[every, labels] / np.maximum(sizes[labels] - 1, 1)
    means = sums / sizes
    means[every, labels] = np.inf
    outside = means.min(axis=1)
    widest = np.maximum(np.maximum(inside, outside), np.finfo(np.float32).tiny)
    return np.where(alone, 0.0, (outside - inside) / widest)


def propose_from_curves(
    ks: np.ndarray, silhouettes: list[np.ndarray], davies_bouldin: list[np.ndarray], sample: int
) -> Proposal:
    """Read a proposal off the curves of several projections.

    Parameters
    ----------
    ks : int array of shape (m,)
    silhouettes, davies_bouldin : lists of float arrays of shape (m,)
        One per projection.
    sample : int
        Vectors in each projection.

    Returns
    -------
    Proposal
    """
    finest = [int(ks[clear_peaks(curve)[-1]]) for curve in silhouettes]
    best = sorted(finest)[len(finest) // 2]
    shape, spread = np.mean(silhouettes, axis=0), np.mean(davies_bouldin, axis=0)
    marks = [best, int(ks[shape.argmax()]), int(ks[spread.argmin()])]
    return Proposal(
        tuple(int(k) for k in ks),
        tuple(float(each) for each in shape),
        tuple(float(each) for each in spread),
        min(marks),
        max(marks),
        best,
        sample,
    )


def clear_peaks(curve: np.ndarray) -> np.ndarray:
    """Find the peaks that are high (85% of the highest) and clear.

    Clear is what lies 0.0125 above the dips that part it from higher points: the luck of k-means moves a curve by
    less.

    Parameters
    ----------
    curve : float array of shape (m,)

    Returns
    -------
    int array
        Indices, rising; the highest point of the curve is always among them.
    """
    top = int(curve.argmax())
    peaks = [place for place in range(len(curve)) if _rise(curve, place) >= _LEAST_RISE]
    return np.array(sorted({top, *(place for place in peaks if curve[place] >= _LOWEST_SHARE * curve[top])}))


def _rise(curve: np.ndarray, place: int) -> float:
    dips = []
    for side in (curve[:place][::-1], curve[place + 1 :]):
        higher = np.flatnonzero(side > curve[place])
        way = side[: higher[0]] if len(higher) else side
        if len(higher) or len(way):
            dips.append(float(way.min()) if len(way) else float(curve[place]))
    return float(curve[place]) - max(dips, default=float(curve[place]))
