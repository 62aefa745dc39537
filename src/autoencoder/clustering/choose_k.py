"""How many clusters: a range with its curves, from silhouettes and agreement in UMAP's space."""

from itertools import combinations
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
# A peak that rises less, in any of the projections, is within their luck and within what another processor's last
# digits change (docs/decisions/choose_k.md); clusters that projections do not agree on are slivers.
_LEAST_RISE = 0.02
_LEAST_AGREEMENT = 0.95
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
    agreement : tuple of float
        Adjusted Rand index between the clusters of two projections, mean of the three pairs; 1 where they are the same.
    low, high : int
        The range: from the coarsest to the finest grouping that either curve marks.
    best : int
        The finest grouping that the silhouettes mark clearly and the projections agree on.
    sample : int
        Vectors that were projected.
    """

    ks: tuple[int, ...]
    silhouette: tuple[float, ...]
    davies_bouldin: tuple[float, ...]
    agreement: tuple[float, ...]
    low: int
    high: int
    best: int
    sample: int


def propose_k(vectors: np.ndarray, k_min: int = 2, k_max: int = 20, seed: int = 0) -> Proposal:
    """Propose a number of clusters.

    A sample of at most 7,000 vectors is projected three times by UMAP (10 components, 20 neighbours, min_dist 0) and
    clustered by k-means for every k. Kinds that resemble each other lie near each other there, so the highest
    silhouette marks groups of kinds (in MNIST, 4 with 7 and 9); the kinds themselves show as a second peak at a larger
    k. So the proposal is the finest clear peak of clusters that come out alike in all projections, and the range
    reaches from the coarsest to the finest one.

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
    Rousseeuw 1987, Silhouettes; Davies & Bouldin 1979, A cluster separation measure; agreement as a criterion: Lange
    et al. 2004, Stability-based validation of clustering solutions.
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
    rows = np.sort(np.random.default_rng(seed).choice(len(clean), size, replace=False))
    with one_blas_thread():
        seeds = [each % 2**32 for each in range(seed, seed + PROJECTIONS)]
        spaces = [project_umap(clean[rows], _COMPONENTS, _NEIGHBOURS, 0.0, each) for each in seeds]
        curves = score_curves(spaces, ks, seed)
    return propose_from_curves(ks, curves, size)


class Curves(NamedTuple):
    """What is seen over the numbers of clusters; see `Proposal`.

    `silhouettes` is float64 of shape (p, m), a row a projection; the others are means over projections, of shape (m,).
    """

    silhouettes: np.ndarray
    davies_bouldin: np.ndarray
    agreement: np.ndarray

    @property
    def silhouette(self) -> np.ndarray:
        """The mean over projections, of shape (m,)."""
        return np.asarray(self.silhouettes.mean(axis=0))


def score_curves(spaces: list[np.ndarray], ks: np.ndarray, seed: int) -> Curves:
    """Score k-means for each number of clusters: means over projections of the same vectors.

    Parameters
    ----------
    spaces : list of float32 arrays of shape (n, d)
        Two projections at least.
    ks : int array of shape (m,)
    seed : int
    """
    from sklearn.metrics import adjusted_rand_score, davies_bouldin_score

    labelings = [[margins(at, find_centers(at, int(k), seed, _STARTS)[0]).labels for k in ks] for at in spaces]
    spread = [[davies_bouldin_score(at, each) for each in found] for at, found in zip(spaces, labelings, strict=True)]
    alike = [[adjusted_rand_score(*pair) for pair in combinations(found, 2)] for found in zip(*labelings, strict=True)]
    shapes = [_silhouettes(at, found) for at, found in zip(spaces, labelings, strict=True)]
    return Curves(np.stack(shapes), np.mean(spread, axis=0), np.mean(alike, axis=1))


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


def propose_from_curves(ks: np.ndarray, curves: Curves, sample: int) -> Proposal:
    """Read a proposal off the curves.

    Parameters
    ----------
    ks : int array of shape (m,)
    curves : Curves
    sample : int
        Vectors that were projected.
    """
    top = int(curves.silhouette.argmax())
    agreed = [place for place in clear_peaks(curves.silhouettes) if curves.agreement[place] >= _LEAST_AGREEMENT]
    best = int(ks[max(agreed, default=top)])
    marks = [best, int(ks[top]), int(ks[curves.davies_bouldin.argmin()])]
    each_curve = (curves.silhouette, curves.davies_bouldin, curves.agreement)
    silhouette, davies_bouldin, agreement = (tuple(float(each) for each in curve) for curve in each_curve)
    numbers = tuple(int(k) for k in ks)
    return Proposal(numbers, silhouette, davies_bouldin, agreement, min(marks), max(marks), best, sample)


def clear_peaks(curves: np.ndarray) -> np.ndarray:
    """Find the peaks that lie 0.02 above the dips that part them from higher points, in every one of some curves.

    Parameters
    ----------
    curves : float array of shape (p, m)

    Returns
    -------
    int array
        Indices, rising; the highest point of the curves' mean is always among them.
    """
    clear = {place for place in range(curves.shape[1]) if min(_rise(each, place) for each in curves) >= _LEAST_RISE}
    return np.array(sorted({int(curves.mean(axis=0).argmax()), *clear}))


def _rise(curve: np.ndarray, place: int) -> float:
    dips = []
    for side in (curve[:place][::-1], curve[place + 1 :]):
        higher = np.flatnonzero(side > curve[place])
        way = side[: higher[0]] if len(higher) else side
        if len(higher) or len(way):
            dips.append(float(way.min()) if len(way) else float(curve[place]))
    return float(curve[place]) - max(dips, default=float(curve[place]))
