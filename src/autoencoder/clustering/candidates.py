"""Which of many vectors to label next: central and doubtful ones of each cluster, spread."""

from typing import NamedTuple

import numpy as np

from .clustering import NOISE
from .kmeans import find_centers
from .nearest import margins

#: The share of doubtful ones; docs/decisions/label_next.md has the figures.
DOUBTFUL = 0.2
#: Doubtful ones are chosen among this share of a cluster, the least sure of it.
_UNSURE = 0.1
#: Of many labelled vectors in a cluster, so many have a group of their own.
_MOST_KNOWN = 200


class Candidates(NamedTuple):
    """Rows to label, int (n,), cluster by cluster, and whether each is doubtful, bool (n,), or central."""

    rows: np.ndarray
    doubtful: np.ndarray


def choose_candidates(
    vectors: np.ndarray,
    labels: np.ndarray,
    confidence: np.ndarray,
    count: int,
    known: np.ndarray,
    *,
    doubtful: float = DOUBTFUL,
    seed: int = 1,
) -> Candidates:
    """Choose the vectors whose labels teach the most, before any model that could be asked.

    Each cluster has a share by its size, of which what is labelled already is taken off. Its members are parted by
    k-means into as many groups as it shall have labels; of each group without one, the largest first, the vector
    nearest to the centre is central. Doubtful ones are the least sure of a cluster, each as far as can be from those
    that were chosen before.

    Parameters
    ----------
    vectors : float32 array of shape (n, d)
    labels : int array of shape (n,)
        The cluster of each; noise, -1, is not chosen.
    confidence : float array of shape (n,)
    count : int
        Fewer are chosen where there are fewer.
    known : int array of shape (m,)
        Rows that have a label.
    doubtful : float in [0, 1]
        Their share.
    seed : int

    Returns
    -------
    Candidates

    References
    ----------
    Hacohen, Dekel & Weinshall 2022, Active learning on a budget, arXiv:2202.02794: typical vectors of parts without a
    label. Sener & Savarese 2018, arXiv:1708.00489: the farthest first.
    """
    labelled = np.zeros(len(vectors), bool)
    labelled[known] = True
    chosen, unsure = [], []
    for cluster, quota in _quotas(labels, labelled, count).items():
        members = np.flatnonzero(labels == cluster)
        few = round(doubtful * quota)
        central = _central(vectors[members], labelled[members], quota - few, seed)
        taken = labelled[members].copy()
        taken[central] = True
        edge = _doubtful(vectors[members], confidence[members], taken, few)
        chosen += [members[central], members[edge]]
        unsure += [np.zeros(len(central), bool), np.ones(len(edge), bool)]
    if not chosen:
        return Candidates(np.empty(0, int), np.empty(0, bool))
    return Candidates(np.concatenate(chosen), np.concatenate(unsure))


def _quotas(labels: np.ndarray, labelled: np.ndarray, count: int) -> dict[int, int]:
    """Return how many of each cluster are chosen, so that labelled and chosen ones together follow the sizes."""
    clusters, members = np.unique(labels[labels != NOISE], return_inverse=True)
    sizes = np.bincount(members, minlength=len(clusters))
    have = np.bincount(members[labelled[labels != NOISE]], minlength=len(clusters))
    shares = sizes / max(1, sizes.sum()) * (have.sum() + count)
    quotas = np.zeros(len(clusters), int)
    for _ in range(min(count, int((sizes - have).sum()))):
        lack = np.where(have + quotas < sizes, shares - have - quotas, -np.inf)
        quotas[lack.argmax()] += 1
    return {int(cluster): int(quota) for cluster, quota in zip(clusters, quotas, strict=True) if quota}


def _central(vectors: np.ndarray, labelled: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Choose the vectors nearest to the centres of groups without a label, the largest group first."""
    if not count:
        return np.empty(0, int)
    groups = min(len(vectors), count + min(int(labelled.sum()), _MOST_KNOWN))
    centers = find_centers(vectors, groups, seed, starts=1)[0] if groups > 1 else vectors.mean(axis=0, keepdims=True)
    placed = margins(vectors, centers)
    sizes = np.bincount(placed.labels, minlength=groups)
    taught = np.bincount(placed.labels[labelled], minlength=groups)
    taken, found = labelled.copy(), []
    for group in np.lexsort((-sizes, taught))[:count]:
        distances = np.linalg.norm(vectors - centers[group], axis=1)
        distances[taken] = np.inf
        found.append(int(distances.argmin()))
        taken[found[-1]] = True
    return np.array(found, int)


def _doubtful(vectors: np.ndarray, confidence: np.ndarray, taken: np.ndarray, count: int) -> np.ndarray:
    """Choose the least sure vectors that are not taken, each the farthest from all that are."""
    free = np.flatnonzero(~taken)
    pool = free[np.argsort(confidence[free], kind="stable")[: max(count, int(_UNSURE * len(free)))]]
    near = np.full(len(pool), np.inf)
    for row in np.flatnonzero(taken)[:_MOST_KNOWN]:
        near = np.minimum(near, np.linalg.norm(vectors[pool] - vectors[row], axis=1))
    found = []
    for _ in range(min(count, len(pool))):
        best = int(near.argmax())
        found.append(int(pool[best]))
        near = np.minimum(near, np.linalg.norm(vectors[pool] - vectors[pool[best]], axis=1))
        near[best] = -np.inf
    return np.array(found, int)
