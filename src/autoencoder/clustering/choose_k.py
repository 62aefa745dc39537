"""How many clusters: a range with its curves, from silhouettes and agreement in UMAP's space."""

from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..errors import DataError, UsageError
from ..progress import Advance, stage
from ..sampling import drawn
from .kmeans import find_centers
from .nearest import margins
from .projection import FEWEST, project_umap
from .threads import one_blas_thread
from .umap_gmm import COMPONENTS, NEIGHBOURS
from .vectors import check_count, check_vectors, count_different

SAMPLE = 7_000
PROJECTIONS = 3
_STARTS = 20
# A peak that rises less is within the luck of projections, or small beside all that the curve tells; clusters that
# projections do not agree on are slivers. docs/decisions/choose_k.md says on which data these were chosen and checked.
_LEAST_RISE = 0.02
_LEAST_SHARE = 0.1
_LEAST_AGREEMENT = 0.95
# A projection takes about as long as its clusters by four times as many numbers.
_STEPS_OF_UMAP = 4
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

    @property
    def why(self) -> str:
        """Say why `best` is that."""
        at = self.ks.index(self.best)
        agreed = f"the projections agree there ({self.agreement[at]:.2f})"
        if self.agreement[at] < _LEAST_AGREEMENT:
            return (
                f"the highest silhouette; at no clear peak do the projections agree by {_LEAST_AGREEMENT:g} "
                f"(here {self.agreement[at]:.2f}), so it is uncertain"
            )
        if self.silhouette[at] == max(self.silhouette):
            return f"the highest silhouette, and {agreed}"
        return f"the finest clear peak of the silhouettes, and {agreed}; a coarser grouping has a higher one"


def propose_k(vectors: np.ndarray, k_min: int = 2, k_max: int = 20, seed: int = 0) -> Proposal:
    """Propose a number of clusters.

    A sample of at most 7,000 vectors is projected three times by UMAP (10 components, 20 neighbours, min_dist 0) and
    clustered by k-means for every k. Kinds that resemble each other lie near each other there, so the highest
    silhouette marks groups of kinds (in MNIST, 4 with 7 and 9); the kinds themselves show as a second peak at a larger
    k. So the proposal is the finest clear peak of clusters that come out alike in all projections, and the range
    reaches from the coarsest to the finest one.

    Parameters
    ----------
    vectors : array of shape (n, d), at least 4 of them different
    k_min, k_max : int
        Smallest and largest number to try, `k_min` at least 2. `k_max` is cut to the number of different vectors, and
        to n - 1, since a silhouette of single vectors is none.
    seed : int

    Returns
    -------
    Proposal

    Raises
    ------
    UsageError
        If `k_min` or `k_max` is outside its range, or they leave nothing to choose from.
    DataError
        If the vectors are not finite, or fewer than four are different.

    References
    ----------
    Rousseeuw 1987, Silhouettes; Davies & Bouldin 1979, A cluster separation measure; agreement as a criterion: Lange
    et al. 2004, Stability-based validation of clustering solutions.
    """
    clean = check_vectors(vectors)
    check_count(len(clean))
    size = min(len(clean), SAMPLE)
    rows = drawn(len(clean), size, seed)
    ks = _numbers(clean[rows], k_min, k_max)
    steps = PROJECTIONS * (_STEPS_OF_UMAP + 1) * len(ks)
    with one_blas_thread(), stage("choosing the number of clusters", steps) as advance:
        spaces = []
        for each in range(seed, seed + PROJECTIONS):
            spaces.append(project_umap(clean[rows], COMPONENTS, NEIGHBOURS, 0.0, each % 2**32))
            advance(_STEPS_OF_UMAP * len(ks))
        curves = score_curves(spaces, ks, seed, advance)
    return propose_from_curves(ks, curves, size)


def _numbers(vectors: np.ndarray, k_min: int, k_max: int) -> np.ndarray:
    if int(k_min) != k_min or int(k_max) != k_max or not 2 <= k_min <= k_max:
        raise UsageError(
            f"k_min and k_max must be whole numbers, k_min at least 2 and k_max no smaller, but are {k_min} and {k_max}"
        )
    different = count_different(vectors, k_max)
    if different < FEWEST:
        raise DataError(
            f"only {different} of {len(vectors)} embeddings differ, too few to choose a number of clusters by: "
            f"take images of which at least {FEWEST} differ, or say how many clusters there are (--k)"
        )
    most = min(different, len(vectors) - 1)
    if k_min > most:
        raise UsageError(
            f"k_min must be at most {most}, since {different} of {len(vectors)} embeddings differ, but is {k_min}"
        )
    return np.arange(k_min, min(k_max, most) + 1)


class Curves(NamedTuple):
    """What is seen over the numbers of clusters, each float64 of shape (m,); see `Proposal`."""

    silhouette: np.ndarray
    davies_bouldin: np.ndarray
    agreement: np.ndarray


def score_curves(spaces: list[np.ndarray], ks: np.ndarray, seed: int, advance: Advance = lambda steps: None) -> Curves:
    """Score k-means for each number of clusters: means over projections of the same vectors.

    Parameters
    ----------
    spaces : list of float32 arrays of shape (n, d)
        Two projections at least.
    ks : int array of shape (m,)
    seed : int
    advance : function
        Called with 1 for each number in each space.
    """
    from sklearn.metrics import adjusted_rand_score, davies_bouldin_score

    def labels(at: np.ndarray, k: int) -> np.ndarray:
        advance(1)
        return margins(at, find_centers(at, k, seed, _STARTS)[0]).labels

    labelings = [[labels(at, int(k)) for k in ks] for at in spaces]
    spread = [[davies_bouldin_score(at, each) for each in found] for at, found in zip(spaces, labelings, strict=True)]
    alike = [[adjusted_rand_score(*pair) for pair in combinations(found, 2)] for found in zip(*labelings, strict=True)]
    shapes = [_silhouettes(at, found) for at, found in zip(spaces, labelings, strict=True)]
    return Curves(np.mean(shapes, axis=0), np.mean(spread, axis=0), np.mean(alike, axis=1))


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
    means = np.divide(sums, sizes, out=np.full(sums.shape, np.inf), where=sizes > 0)
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
    agreed = [place for place in clear_peaks(curves.silhouette) if curves.agreement[place] >= _LEAST_AGREEMENT]
    best = int(ks[max(agreed, default=top)])
    marks = [best, int(ks[top]), int(ks[curves.davies_bouldin.argmin()])]
    silhouette, davies_bouldin, agreement = (tuple(float(each) for each in curve) for curve in curves)
    numbers = tuple(int(k) for k in ks)
    return Proposal(numbers, silhouette, davies_bouldin, agreement, min(marks), max(marks), best, sample)


def clear_peaks(curve: np.ndarray) -> np.ndarray:
    """Find the peaks that lie clearly above the dips that part them from higher points.

    Clear is a rise of 0.02, four standard errors where three projections are averaged, and of a tenth of all that the
    curve spans: on the back of a high hill, a small bump is no second hill.

    Parameters
    ----------
    curve : float array of shape (m,)

    Returns
    -------
    int array
        Indices, rising; the highest point of the curve is always among them.
    """
    least = least_rise(curve)
    clear = {place for place in range(len(curve)) if rise(curve, place) >= least}
    return np.array(sorted({int(curve.argmax()), *clear}))


def least_rise(curve: np.ndarray) -> float:
    """Return how far a peak of this curve must rise to be clear."""
    return max(_LEAST_RISE, _LEAST_SHARE * float(np.ptp(curve)))


def rise(curve: np.ndarray, place: int) -> float:
    """Return how far a point lies above the higher of the dips that part it from higher ones; on a slope 0 or less."""
    dips = []
    for side in (curve[:place][::-1], curve[place + 1 :]):
        higher = np.flatnonzero(side > curve[place])
        way = side[: higher[0]] if len(higher) else side
        if len(higher) or len(way):
            dips.append(float(way.min()) if len(way) else float(curve[place]))
    return float(curve[place]) - max(dips, default=float(curve[place]))
